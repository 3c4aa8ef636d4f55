//! How many verifications there may be, whose they are, and how they end.

use chrono::TimeDelta;
use futures::future::join_all;
use mainstay::{
    domain::{Ctx, Id, VerificationId},
    housekeeping, queue, tenancy,
    verifications::{self, VERIFICATIONS},
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{PATH, begin, items, numbers, show, work};
use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn the_eleventh_in_an_hour_is_refused_even_if_all_come_at_once(test: TestApp) {
    let client = Client::tenant(&test);
    let ask = || client.post(PATH, json!({ "numbers": ["+4915123456701"] }));
    let answers = join_all((0..15).map(|_| ask())).await;
    let accepted = answers.iter().filter(|it| it.status.as_u16() == 202).count();
    assert_eq!(accepted, 10);
    let refused = answers.iter().find(|it| it.status.as_u16() != 202).unwrap();
    assert_eq!(refused.problem(429), "too-many-verifications");
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3_500..=3_601).contains(&wait), "{wait}");
    // One that was canceled was begun all the same.
    let newest = client.get(PATH).await.ok().json()["data"][0]["id"].clone();
    client.delete(&format!("{PATH}/{}", newest.as_str().unwrap())).await;
    assert_eq!(ask().await.status.as_u16(), 429);
    test.advance(TimeDelta::seconds(wait + 1));
    assert_eq!(ask().await.status.as_u16(), 202);
}

#[both_databases]
async fn a_request_names_ten_thousand_numbers_at_most(test: TestApp) {
    let client = Client::tenant(&test);
    for (count, limit) in [(0, 10_000), (10_001, 10_000)] {
        let answer = client.post(PATH, json!({ "numbers": numbers(count) })).await;
        assert_eq!(answer.problem(422), "invalid-field", "{count}");
        assert_eq!(
            (&answer.json()["field"], &answer.json()["limit"]),
            (&json!("numbers"), &json!(limit))
        );
    }
    for wrong in [
        json!({ "numbers": [1] }),
        json!({}),
        json!({ "numbers": ["+4915123456701"], "default_country": "XX" }),
        json!({ "numbers": ["+4915123456701"], "country": "DE" }),
    ] {
        assert_eq!(client.post(PATH, wrong.clone()).await.status.as_u16(), 422, "{wrong}");
    }
    let long = json!({ "numbers": ["x".repeat(5_000), "+4915123456701", "+49 151 23456701"] });
    let id = begin(&client, long).await;
    work(&test.app).await;
    let found = items(&client, &id, "").await;
    assert_eq!(found[0]["input"].as_str().unwrap().len(), 100);
    assert_eq!((found.len(), &found[0]["verdict"]), (2, &json!("invalid")));
}

#[both_databases]
async fn one_that_is_canceled_checks_no_more_numbers_and_tells_nobody(test: TestApp) {
    let client = Client::tenant(&test);
    let waiting = begin(&client, json!({ "numbers": numbers(3) })).await;
    let answer = client.delete(&format!("{PATH}/{waiting}")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["state"]),
        (202, &json!("canceled"))
    );
    // One in hand ends after its open step.
    let running = begin(&client, json!({ "numbers": numbers(120) })).await;
    let (id, app): (VerificationId, _) = (running.parse().unwrap(), &test.app);
    let now = app.clock.now();
    let leased = queue::claim(
        app.db.writer(),
        &VERIFICATIONS,
        &[id.uuid()],
        now + TimeDelta::seconds(15),
        now,
    )
    .await;
    assert_eq!(leased.unwrap().len(), 1);
    assert_eq!(
        client.delete(&format!("{PATH}/{running}")).await.json()["state"],
        "running"
    );
    verifications::run(&app.verifications, id).await.unwrap();
    let shown = show(&client, &running).await;
    assert_eq!(
        (&shown["state"], &shown["checked"]),
        (&json!("canceled"), &json!(0)),
        "{shown}"
    );
    work(app).await;
    let told = client
        .get("/api/v1/events?type=verification.completed")
        .await
        .ok()
        .json();
    assert_eq!(told["data"].as_array().unwrap().len(), 0);
    let done = begin(&client, json!({ "numbers": numbers(120) })).await;
    work(app).await;
    let told = client
        .get("/api/v1/events?type=verification.completed")
        .await
        .ok()
        .json();
    let data = &told["data"][0]["data"];
    assert_eq!(
        (&data["verification_id"], &data["valid"]),
        (&json!(done), &json!(120)),
        "{told}"
    );
    assert_eq!(
        client.delete(&format!("{PATH}/{done}")).await.json()["state"],
        "completed"
    );
}

#[both_databases]
async fn another_tenants_do_not_exist_and_a_key_needs_the_permission(test: TestApp) {
    let id = begin(&Client::tenant(&test), json!({ "numbers": numbers(1) })).await;
    let (other, key) = tenancy::create_tenant(&test.registry, "Other").await.unwrap();
    let stranger = Client::of(&test.app).with(key.token.expose());
    for path in ["", "/items", "/export"] {
        let answer = stranger.get(&format!("{PATH}/{id}{path}")).await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
    assert_eq!(stranger.delete(&format!("{PATH}/{id}")).await.status.as_u16(), 404);
    assert_eq!(stranger.get(PATH).await.ok().json()["data"], json!([]));
    let scopes = "read events".parse().unwrap();
    let key = tenancy::create_api_key(&test.registry, &Ctx::operator(other.id), "reader", &scopes).await;
    let reader = Client::of(&test.app).with(key.unwrap().token.expose());
    assert_eq!(reader.get(PATH).await.problem(403), "missing-permission");
}

#[both_databases]
async fn numbers_go_after_thirty_days_and_verifications_after_ninety(test: TestApp) {
    let client = Client::tenant(&test);
    let id = begin(&client, json!({ "numbers": numbers(1_200) })).await;
    work(&test.app).await;
    let count = async |sql: &'static str| -> i64 {
        let (count,): (i64,) = test.app.db.sql(sql, ()).one().await.unwrap();
        count
    };
    test.advance(TimeDelta::days(29));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM verification_items").await, 1_200);
    assert_eq!(count("SELECT COUNT(*) FROM number_checks").await, 1_200);
    test.advance(TimeDelta::days(2));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM verification_items").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM number_checks").await, 0);
    let shown = show(&client, &id).await;
    assert_eq!(
        (&shown["has_items"], &shown["valid"]),
        (&Value::Bool(false), &json!(1_200))
    );
    test.advance(TimeDelta::days(60));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(client.get(&format!("{PATH}/{id}")).await.status.as_u16(), 404);
}
