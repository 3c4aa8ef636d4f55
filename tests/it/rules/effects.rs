use chrono::TimeDelta;
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::{channel, events, template, until_channel};
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

/// The two ways in which an error comes.
fn ways(code: i64) -> [Fault; 2] {
    [Fault::error(code), Fault::failed(code)]
}

/// A message that fails with this, and what is known of its recipient then.
async fn failing(world: &World, fault: Fault, request: Value) -> (Value, Value) {
    world.fault(FaultRule::new(fault).times(1));
    let id = world.send(request).await;
    let message = world.until(&id, "failed").await;
    let path = format!("/api/v1/contacts/{}", message["contact_id"].as_str().unwrap());
    (message, world.client.get(&path).await.ok().json())
}

fn campaign(mut request: Value) -> Value {
    request["lane"] = json!("campaign");
    request
}

#[both_sizes]
async fn a_customer_who_stopped_marketing_gets_no_more_of_it(world: World) {
    for (place, fault) in ways(131_050).into_iter().enumerate() {
        let customer = world.customer(place).await;
        let (_, contact) = failing(&world, fault, campaign(template(&world, &customer.wa_id))).await;
        assert_eq!(contact["marketing_stopped"], true, "{contact:#}");
        let accepted = world.simulator.graph().accepted();
        let id = world.send(campaign(template(&world, &customer.wa_id))).await;
        let refused = world.until(&id, "failed").await;
        assert_eq!(
            (&refused["error"]["code"], &refused["attempts"]),
            (&json!(131_050), &json!([])),
            "{refused:#}"
        );
        assert!(
            refused["error"]["title"].as_str().unwrap().starts_with("opted_out: "),
            "{refused:#}"
        );
        assert_eq!(world.simulator.graph().accepted(), accepted);
        // What is no marketing goes on.
        let id = world.send(world.text(&customer.wa_id, "your order is here")).await;
        world.until(&id, "read").await;
        assert_eq!(events(&world, "contact.opted_out").await.len(), place + 1);
    }
    world.end().await;
}

#[both_sizes]
async fn an_address_that_cannot_be_reached_is_noted(world: World) {
    for (times, fault) in ways(131_026).into_iter().enumerate() {
        let (message, contact) = failing(&world, fault, template(&world, "15550209999")).await;
        let identity = &contact["identities"][0];
        assert_eq!(identity["value"], "15550209999");
        assert_eq!(
            (&identity["undeliverable"]["count"], &identity["undeliverable"]["code"]),
            (&json!(times + 1), &json!(131_026))
        );
        assert!(identity["undeliverable"]["last_at"].is_string(), "{contact:#}");
        assert_eq!(message["error"]["code"], 131_026);
    }
    let ben = world.customer(0).await;
    let id = world.send(world.text(&ben.wa_id, "hello")).await;
    let message = world.until(&id, "read").await;
    let path = format!("/api/v1/contacts/{}", message["contact_id"].as_str().unwrap());
    assert_eq!(
        world.client.get(&path).await.ok().json()["identities"][0]["undeliverable"],
        Value::Null
    );
    world.end().await;
}

#[both_sizes]
async fn a_window_that_meta_says_is_closed_is_closed_until_the_customer_writes(world: World) {
    for fault in ways(131_047) {
        let ana = world.customer(0).await;
        // Their message is older than the doubt about who was first.
        world.running.app.clock.advance(TimeDelta::seconds(10));
        failing(&world, fault, world.text(&ana.wa_id, "too late")).await;
        let id = world.send(world.text_anyway(&ana.wa_id, "again")).await;
        let refused = world.until(&id, "failed").await;
        assert_eq!(
            (&refused["error"]["code"], &refused["attempts"]),
            (&json!(131_047), &json!([])),
            "{refused:#}"
        );
        assert!(
            refused["error"]["title"]
                .as_str()
                .unwrap()
                .starts_with("window_closed: "),
            "{refused:#}"
        );
        world.simulator.advance(std::time::Duration::from_secs(12));
        world.customer(0).await;
        let open = "SELECT COUNT(*) FROM conversations WHERE window_expires_at > updated_at";
        wait_until(DEADLINE, "the window is open", async || world.number(open).await == 1).await;
        let id = world.send(world.text(&ana.wa_id, "there you are")).await;
        world.until(&id, "read").await;
    }
    world.end().await;
}

#[both_sizes]
async fn a_customer_blocked_with_other_tools_is_known_to_be(world: World) {
    for (place, fault) in ways(130_403).into_iter().enumerate() {
        let customer = world.customer(place).await;
        failing(&world, fault, world.text(&customer.wa_id, "hello")).await;
        let refused = world
            .client
            .post("/api/v1/messages", world.text(&customer.wa_id, "again"))
            .await;
        assert_eq!(refused.problem(409), "blocked");
    }
    world.end().await;
}

#[both_sizes]
async fn campaigns_rest_after_spam_until_somebody_lets_them_go_on(world: World) {
    let ana = world.customer(0).await;
    for (times, fault) in ways(131_048).into_iter().enumerate() {
        failing(&world, fault, campaign(template(&world, &ana.wa_id))).await;
        until_channel(&world, "campaigns rest", |it| !it["campaigns_paused_at"].is_null()).await;
        // The directory is read again after the commit.
        wait_until(DEADLINE, "whoever sends knows", async || {
            let directory = world.running.app.directory.current();
            directory
                .channel(world.channel)
                .is_some_and(|route| route.campaigns_paused)
        })
        .await;
        assert_eq!(events(&world, "channel.campaigns_paused").await.len(), times + 1);
        let held = world.send(campaign(template(&world, &ana.wa_id))).await;
        wait_until(DEADLINE, "it is held", async || {
            world
                .number("SELECT COUNT(*) FROM sends WHERE held = 'campaigns' AND state = 'quarantined'")
                .await
                == 1
        })
        .await;
        // Others are not concerned.
        let reply = world.send(world.text(&ana.wa_id, "yes, we are open")).await;
        world.until(&reply, "read").await;
        assert_eq!(world.message(&held).await["status"], "queued");
        let resume = format!("/api/v1/channels/{}/campaigns/resume", world.channel);
        assert_eq!(world.client.post(&resume, json!({})).await.ok().json()["released"], 1);
        world.until(&held, "read").await;
        assert_eq!(channel(&world).await["campaigns_paused_at"], Value::Null);
        assert_eq!(world.client.post(&resume, json!({})).await.problem(409), "wrong-state");
    }
    world.end().await;
}

#[both_sizes]
async fn a_template_that_was_refused_is_told(world: World) {
    for (times, fault) in ways(132_000).into_iter().enumerate() {
        let (message, _) = failing(&world, fault, template(&world, "15550209999")).await;
        let told = events(&world, "template.refused").await;
        assert_eq!(told.len(), times + 1);
        let data = &told[times]["data"];
        assert_eq!(
            (&data["name"], &data["language"], &data["code"]),
            (&json!("hello_world"), &json!("en_US"), &json!(132_000))
        );
        assert_eq!(data["message_id"], message["id"]);
    }
    world.end().await;
}

#[both_sizes]
async fn the_rate_limiter_hears_of_limits_on_both_paths(world: World) {
    for (place, fault) in ways(130_429).into_iter().enumerate() {
        let customer = world.customer(place).await;
        // Refusals within two seconds count once.
        world.running.app.clock.advance(TimeDelta::seconds(3));
        let before = channel(&world).await["sending"]["factor"].as_f64().unwrap();
        world.fault(FaultRule::new(fault).times(1));
        let id = world.send(world.text(&customer.wa_id, "hello")).await;
        until_channel(&world, "it is slower", |it| {
            it["sending"]["factor"].as_f64().unwrap() < before - 0.2
        })
        .await;
        world.until(&id, "read").await;
    }
    for (place, fault) in ways(131_057).into_iter().enumerate() {
        let customer = world.customer(2 + place).await;
        world.fault(FaultRule::new(fault).times(1));
        let id = world.send(world.text(&customer.wa_id, "hello")).await;
        until_channel(&world, "it rests", |it| !it["sending"]["paused_until"].is_null()).await;
        world.running.app.clock.advance(TimeDelta::seconds(62));
        world.simulator.advance(std::time::Duration::from_secs(62));
        world.until(&id, "read").await;
    }
    world.end().await;
}
