//! Tenants whose channels have one app secret, as those of an agency with one Meta app do.

use chrono::TimeDelta;
use mainstay::{
    config::Secret,
    domain::{Ctx, TenantId},
    inbound::replay::{Selection, replay},
    tenancy::{self, NewChannel},
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::{APP_SECRET, TestApp},
    http::Client,
    webhook::{ANA, T0, message, to},
};

const AGENCY: &str = "the-secret-of-the-agencys-app";
const REJECTED: &str = "SELECT COUNT(*) FROM unrecognized_items WHERE reason = 'signed_by_another_tenant'";

/// Three tenants with a number each; the third has nothing to do with the agency.
struct Tenants {
    first: TenantId,
    second: TenantId,
    third: TenantId,
}

const FIRST: &str = "300000000000001";
const SECOND: &str = "300000000000002";
const THIRD: &str = "300000000000003";

async fn tenant(test: &TestApp, name: &str) -> TenantId {
    tenancy::create_tenant(&test.registry, name).await.unwrap().0.id
}

async fn channel(test: &TestApp, tenant: TenantId, number: &str, secret: &str) {
    let new = NewChannel {
        phone_number_id: number.to_owned(),
        waba_id: format!("9{number}"),
        access_token: Secret::new("EAAG-own"),
        app_secret: Some(Secret::new(secret)),
    };
    tenancy::add_channel(&test.registry, &Ctx::operator(tenant), new)
        .await
        .unwrap();
    test.app.directory.refresh().await.unwrap();
}

async fn tenants(test: &TestApp) -> Tenants {
    let all = Tenants {
        first: tenant(test, "First").await,
        second: tenant(test, "Second").await,
        third: tenant(test, "Third").await,
    };
    channel(test, all.first, FIRST, AGENCY).await;
    channel(test, all.second, SECOND, AGENCY).await;
    channel(test, all.third, THIRD, "a-secret-of-the-third").await;
    all
}

fn hello(number: &str, wamid: &str) -> Value {
    to(
        number,
        "messages",
        message(ANA, wamid, T0, json!({ "type": "text", "text": { "body": "hello" } })),
    )
}

async fn messages(test: &TestApp, tenant: TenantId) -> i64 {
    const SQL: &str = "SELECT COUNT(*) FROM messages WHERE tenant_id = $1";
    let (count,): (i64,) = test.app.db.sql(SQL, (tenant,)).one().await.unwrap();
    count
}

async fn all_messages(test: &TestApp, of: &Tenants) -> [i64; 3] {
    [
        messages(test, of.first).await,
        messages(test, of.second).await,
        messages(test, of.third).await,
    ]
}

/// Signed by the secret, taken, and processed.
async fn receive(test: &TestApp, body: &Value, secret: &str) {
    Client::of(&test.app).webhook(&body.to_string(), secret).await.ok();
    test.process_all(64).await;
}

#[both_databases]
async fn each_tenants_webhooks_reach_it(test: TestApp) {
    let of = tenants(&test).await;
    receive(&test, &hello(FIRST, "wamid.1"), AGENCY).await;
    receive(&test, &hello(SECOND, "wamid.2"), AGENCY).await;
    assert_eq!(all_messages(&test, &of).await, [1, 1, 0]);
    receive(&test, &hello(THIRD, "wamid.3"), AGENCY).await;
    assert_eq!(
        all_messages(&test, &of).await,
        [1, 1, 0],
        "the third does not have the secret"
    );
    assert_eq!(test.count(REJECTED).await, 1);
    receive(&test, &hello(THIRD, "wamid.4"), "a-secret-of-the-third").await;
    receive(&test, &hello(THIRD, "wamid.5"), APP_SECRET).await;
    receive(&test, &hello(SECOND, "wamid.6"), APP_SECRET).await;
    assert_eq!(all_messages(&test, &of).await, [1, 2, 2]);
}

#[both_databases]
async fn a_webhook_with_items_of_several_reaches_those_who_have_the_secret(test: TestApp) {
    let of = tenants(&test).await;
    let mut mixed = hello(FIRST, "wamid.1");
    for (number, wamid) in [(SECOND, "wamid.2"), (THIRD, "wamid.3")] {
        let entry = hello(number, wamid)["entry"][0].clone();
        mixed["entry"].as_array_mut().unwrap().push(entry);
    }
    receive(&test, &mixed, AGENCY).await;
    assert_eq!(all_messages(&test, &of).await, [1, 1, 0]);
    assert_eq!(test.count(REJECTED).await, 1);
}

#[both_databases]
async fn a_secret_that_is_the_operators_too_speaks_for_everybody(test: TestApp) {
    let of = tenants(&test).await;
    channel(&test, of.second, SECOND, APP_SECRET).await;
    receive(&test, &hello(THIRD, "wamid.1"), APP_SECRET).await;
    assert_eq!(all_messages(&test, &of).await, [0, 0, 1]);
}

#[both_databases]
async fn a_replay_heals_what_was_set_aside_before(test: TestApp) {
    let of = tenants(&test).await;
    receive(&test, &hello(SECOND, "wamid.1"), AGENCY).await;
    // As a version before this one left it.
    for sql in ["DELETE FROM messages", "UPDATE raw_events SET app_secret_id = NULL"] {
        test.app.db.sql(sql, ()).run().await.unwrap();
    }
    receive(&test, &hello(THIRD, "wamid.2"), AGENCY).await;
    let everything = Selection::Range {
        from: None,
        to: None,
        state: None,
    };
    replay(&test.app.db, test.app.clock.now(), everything, false)
        .await
        .unwrap();
    test.process_all(64).await;
    assert_eq!(all_messages(&test, &of).await, [0, 1, 0]);
}

#[both_databases]
async fn what_came_before_a_change_of_the_secret_still_counts_and_nothing_that_comes_after(test: TestApp) {
    let of = tenants(&test).await;
    let client = Client::of(&test.app);
    client.webhook(&hello(SECOND, "wamid.1").to_string(), AGENCY).await.ok();
    channel(&test, of.second, SECOND, "a-new-secret-of-the-second").await;
    test.process_all(64).await;
    assert_eq!(all_messages(&test, &of).await, [0, 1, 0]);
    test.advance(TimeDelta::seconds(2));
    receive(&test, &hello(SECOND, "wamid.2"), AGENCY).await;
    assert_eq!(
        all_messages(&test, &of).await,
        [0, 1, 0],
        "the agency speaks for it no longer"
    );
    receive(&test, &hello(SECOND, "wamid.3"), "a-new-secret-of-the-second").await;
    receive(&test, &hello(FIRST, "wamid.4"), AGENCY).await;
    assert_eq!(all_messages(&test, &of).await, [1, 2, 0]);
}

#[both_databases]
async fn a_number_that_is_added_later_gets_what_waited_for_it_under_the_secret(test: TestApp) {
    let of = tenants(&test).await;
    receive(&test, &hello("300000000000004", "wamid.1"), AGENCY).await;
    assert_eq!(all_messages(&test, &of).await, [0, 0, 0]);
    let late = tenant(&test, "Late").await;
    channel(&test, late, "300000000000004", AGENCY).await;
    test.process_all(64).await;
    assert_eq!(messages(&test, late).await, 1);
}
