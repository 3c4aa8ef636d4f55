//! A number that is gone, was moved or is not the token's, as Meta answers it: code 100, and what is the matter in `error_subcode`.

use mainstay_sim::{Area, Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::{DEADLINE, World, channel, until_channel};
use crate::support::wait::wait_until;

const WORDS: &str = "The number is not here any more.";

fn gone(subcode: i64) -> FaultRule {
    FaultRule::new(Fault::answered(100, Some(subcode), Some(WORDS)))
}

async fn until_held(world: &World, messages: i64) {
    wait_until(DEADLINE, "the messages are kept", async || {
        let held = "SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'";
        world.number(held).await == messages
    })
    .await;
}

async fn check(world: &World) -> Value {
    let path = format!("channels/{}/check", world.channel);
    world.post(&path, json!({})).await.ok().json()
}

#[both_sizes]
async fn a_number_that_is_gone_trips_the_breaker_and_loses_no_message(world: World) {
    let ana = world.customer(0).await;
    for subcode in [33, 133_010, 2_494_055] {
        let fault = world.fault(gone(subcode));
        let first = world.send(world.text(&ana.wa_id, &format!("first {subcode}"))).await;
        let tripped = until_channel(&world, "the breaker trips", |it| it["breaker"]["code"] == subcode).await;
        assert!(
            tripped["breaker"]["reason"].as_str().unwrap().contains(WORDS),
            "{tripped:#}"
        );
        let later = world.send(world.text(&ana.wa_id, &format!("later {subcode}"))).await;
        until_held(&world, 2).await;
        let message = world.message(&first).await;
        assert_eq!(
            (&message["status"], &message["held"]),
            (&json!("queued"), &json!("breaker")),
            "{message:#}"
        );
        let error = &message["attempts"][0]["error"];
        assert_eq!(
            (&error["code"], &error["details"]),
            (&json!(subcode), &json!(WORDS)),
            "{message:#}"
        );
        assert_eq!(error["who"], "operator", "{message:#}");
        assert_eq!(
            world.message(&later).await["attempts"],
            json!([]),
            "nothing more was tried"
        );
        world.simulator.graph().lift(fault);
        assert_eq!(check(&world).await["released"], 2);
        world.until(&first, "read").await;
        world.until(&later, "read").await;
    }
    world.end().await;
}

#[both_sizes]
async fn a_check_that_finds_no_number_trips_the_breaker_and_keeps_it_so(world: World) {
    let fault = world.fault(FaultRule {
        on: Area::Management,
        ..gone(33)
    });
    // The token cannot be examined either: the number's answer decides.
    for _ in 0..2 {
        assert_eq!(check(&world).await["can_send"], false);
        assert_eq!(channel(&world).await["breaker"]["code"], 33);
    }
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "hello")).await;
    until_held(&world, 1).await;
    world.simulator.graph().lift(fault);
    assert_eq!(check(&world).await["can_send"], true);
    assert_eq!(channel(&world).await["breaker"], Value::Null);
    world.until(&id, "read").await;
    world.end().await;
}
