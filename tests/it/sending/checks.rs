//! What Meta is asked of a channel, by a person and without being asked.

use chrono::{TimeDelta, Utc};
use mainstay_sim::{Area, Fault, FaultRule, Level, MessagingLimit, NumberPatch, Scope, SimConfig, TokenSeed, Trouble};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::{DEADLINE, World, channel, until_channel};
use crate::support::{
    app::{NUMBER, WABA},
    http::Client,
    wait::wait_until,
};

const TOKEN: &str = "EAAG-test";

async fn check(world: &World) -> Value {
    world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok()
        .json()
}

/// Adds the channel again, as one does to renew its token.
async fn add_again(world: &World) {
    let operator = Client::operator(&world.running.app);
    let tenants = operator.get("/admin/tenants").await.ok().json();
    let path = format!("/admin/tenants/{}/channels", tenants["data"][0]["id"].as_str().unwrap());
    let same = json!({ "phone_number_id": NUMBER, "waba_id": WABA, "access_token": TOKEN });
    assert_eq!(operator.post(&path, same).await.status.as_u16(), 201);
}

/// Waits until the order stands as it does after a check: for another day.
async fn until_put_off(world: &World) {
    let order = "SELECT state, attempts, due_at FROM channel_checks";
    wait_until(DEADLINE, "the next check is tomorrow", async || {
        let db = world.running.app.db.reader();
        let (state, attempts, due): (String, i64, chrono::DateTime<Utc>) = db.sql(order, ()).one().await.unwrap();
        let ahead = due - world.running.app.clock.now();
        (state.as_str(), attempts) == ("pending", 0) && (22..=25).contains(&ahead.num_hours())
    })
    .await;
}

fn token(world: &World, change: impl FnOnce(&mut TokenSeed)) {
    let mut seed = TokenSeed::full(TOKEN);
    change(&mut seed);
    world.simulator.graph().set_token(seed);
}

fn level(world: &World, level: Level) {
    let patch = NumberPatch {
        level: Some(level),
        ..NumberPatch::default()
    };
    world.simulator.graph().change_number(NUMBER, patch);
}

fn small(sim: &mut SimConfig) {
    sim.graph.messaging_limit = MessagingLimit::Tier250;
}

#[both_sizes(small)]
async fn a_channel_is_checked_when_it_is_added_and_once_a_day(world: World) {
    let new = channel(&world).await;
    assert_eq!(
        (&new["daily_limit"]["limit"], &new["checked_at"]),
        (&Value::Null, &Value::Null)
    );
    add_again(&world).await;
    until_channel(&world, "Meta was asked", |it| it["daily_limit"]["limit"] == 250).await;
    let known = channel(&world).await;
    assert_eq!(
        (&known["throughput"], &known["messaging_limit"]),
        (&json!(80), &json!("TIER_250"))
    );
    assert!(
        known["display_phone_number"].is_string() && known["business_id"].is_string(),
        "{known:#}"
    );
    until_put_off(&world).await;
    level(&world, Level::High);
    world.running.app.clock.advance(TimeDelta::hours(26));
    until_channel(&world, "it was asked a day later", |it| {
        it["sending"]["rate"] == 1_000.0
    })
    .await;
    until_put_off(&world).await;

    // A worker that was killed at it leaves a lease that ends.
    level(&world, Level::Standard);
    let left = "UPDATE channel_checks SET state = 'running', attempts = 1, due_at = $1";
    let app = &world.running.app;
    let ended = app.clock.now() - TimeDelta::seconds(1);
    app.db.sql(left, (ended,)).run().await.unwrap();
    until_channel(&world, "another worker asked", |it| it["throughput"] == 80).await;
    until_put_off(&world).await;
    world.end().await;
}

#[both_sizes]
async fn a_check_that_meta_does_not_answer_is_tried_again(world: World) {
    let away = FaultRule {
        on: Area::Management,
        ..FaultRule::new(Fault::Http {
            status: 503,
            accepted: false,
        })
    };
    let fault = world.fault(away);
    add_again(&world).await;
    let failed =
        "SELECT COUNT(*) FROM channel_checks WHERE state = 'pending' AND attempts > 0 AND last_error IS NOT NULL";
    wait_until(DEADLINE, "the check has failed", async || {
        world.number(failed).await == 1
    })
    .await;
    let unknown = channel(&world).await;
    assert_eq!(
        (&unknown["throughput"], &unknown["breaker"]),
        (&Value::Null, &Value::Null)
    );
    world.simulator.graph().lift(fault);
    world.running.app.clock.advance(TimeDelta::hours(1));
    until_channel(&world, "it was asked again", |it| it["throughput"] == 80).await;
    until_put_off(&world).await;
    world.end().await;
}

#[both_sizes]
async fn a_number_that_the_business_app_uses_too_sends_twenty_a_second(world: World) {
    level(&world, Level::High);
    check(&world).await;
    assert_eq!(channel(&world).await["sending"]["rate"], 1_000.0);
    level(&world, Level::Coexistence);
    check(&world).await;
    let shared = channel(&world).await;
    assert_eq!(
        (&shared["throughput"], &shared["sending"]["rate"]),
        (&json!(20), &json!(20.0))
    );
    world.end().await;
}

#[both_sizes]
async fn a_token_that_was_taken_back_trips_the_channel_and_one_that_may_not_send_does_not_close_the_breaker(
    world: World,
) {
    token(&world, |it| it.revoked = true);
    let revoked = check(&world).await;
    assert_eq!(revoked["can_send"], false, "{revoked:#}");
    assert_eq!(channel(&world).await["breaker"]["code"], 190);
    token(&world, |it| it.scopes = vec![Scope::Management]);
    let mute = check(&world).await;
    assert_eq!(mute["can_send"], false, "{mute:#}");
    assert_eq!(
        mute["problems"][0], "The access token lacks whatsapp_business_messaging.",
        "{mute:#}"
    );
    assert_eq!(channel(&world).await["breaker"]["code"], 190);
    token(&world, |_| {});
    assert_eq!(check(&world).await["can_send"], true);
    assert_eq!(channel(&world).await["breaker"], Value::Null);
    // It may send and cannot see from which number: that is no reason to stop it.
    token(&world, |it| it.scopes = vec![Scope::Messaging]);
    check(&world).await;
    assert_eq!(channel(&world).await["breaker"], Value::Null);
    world.end().await;
}

#[both_sizes]
async fn an_account_that_may_not_send_trips_the_channel_until_it_may(world: World) {
    world.simulator.graph().trouble_account(WABA, Some(Trouble::Payment));
    let blocked = check(&world).await;
    assert_eq!(
        (&blocked["can_send"], &blocked["health"]),
        (&json!(false), &json!("BLOCKED")),
        "{blocked:#}"
    );
    assert_eq!(channel(&world).await["breaker"]["code"], 131_042);
    // Its messages wait, and the table of codes says so.
    let codes = world.client.get("/api/v1/errors").await.ok().json();
    let payment = codes["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["code"] == "131042")
        .unwrap();
    assert_eq!(payment["retry"], json!({ "rule": "checked" }));
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "hello")).await;
    wait_until(DEADLINE, "it is kept", async || {
        world
            .number("SELECT COUNT(*) FROM sends WHERE held = 'breaker' AND state = 'quarantined'")
            .await
            == 1
    })
    .await;
    let queued = channel(&world).await["queued"].take();
    let waiting: i64 = queued.as_object().unwrap().values().filter_map(Value::as_i64).sum();
    assert_eq!(waiting, 1, "{queued}");
    world.simulator.graph().trouble_account(WABA, None);
    let free = check(&world).await;
    assert_eq!(
        (&free["can_send"], &free["released"]),
        (&json!(true), &json!(1)),
        "{free:#}"
    );
    world.until(&id, "read").await;
    assert_eq!(channel(&world).await["breaker"], Value::Null);
    world.end().await;
}
