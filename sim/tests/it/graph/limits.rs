//! What Meta enforces: windows, throughput, pairs, users per day.

use std::time::Duration;

use mainstay_sim::{Clock, Enforcement, Level, Way};
use serde_json::{Value, json};

use super::{World, template, text};

/// Nothing but what a test turns on.
fn only(rules: Enforcement) -> impl FnOnce(&mut mainstay_sim::SimConfig) {
    move |config| config.graph.enforcement = rules
}

#[tokio::test]
async fn outside_24_hours_after_a_customer_wrote_only_templates_pass() {
    let world = World::new().await;
    let to = world.customer(0).wa_id;
    assert_eq!(world.refused(&text(&to, "hi")).await, 131047);
    world.accepted(&template(&to, "hello_world", "en_US", &[])).await;
    world.write(0).await;
    world.accepted(&text(&to, "hi")).await;
    // A customer is the same person under each id.
    let mut by_user_id = text("", "hi");
    by_user_id.as_object_mut().unwrap().remove("to");
    by_user_id["recipient"] = json!(world.customer(0).user_id);
    world.accepted(&by_user_id).await;
    world.simulator.advance(Duration::from_secs(24 * 3_600 - 60));
    world.accepted(&text(&to, "hi")).await;
    world.simulator.advance(Duration::from_secs(120));
    assert_eq!(world.refused(&text(&to, "hi")).await, 131047);
    assert_eq!(world.simulator.graph().refused(131047), 2);
}

#[tokio::test]
async fn a_closed_window_can_also_be_told_by_a_failed_status() {
    let world = World::with(only(Enforcement {
        window: Way::Status,
        ..Enforcement::strict()
    }))
    .await;
    let wamid = world.accepted(&text(&world.customer(0).wa_id, "hi")).await;
    let statuses = world.statuses().await;
    assert_eq!(statuses.len(), 1);
    assert_eq!(
        (&statuses[0]["id"], &statuses[0]["status"]),
        (&json!(wamid), &json!("failed"))
    );
    assert_eq!(statuses[0]["errors"][0]["code"], 131047);
}

#[tokio::test]
async fn a_pair_has_45_messages_at_once_and_then_one_every_six_seconds() {
    let world = World::with(only(Enforcement {
        pairs: true,
        ..Enforcement::none()
    }))
    .await;
    for turn in 0..45 {
        world.accepted(&text("4915123456789", &turn.to_string())).await;
    }
    let body = text("4915123456789", "one too many");
    assert_eq!(world.refused(&body).await, 131056);
    // Somebody else is another pair.
    world.accepted(&text("4915123456780", "hi")).await;
    world.simulator.advance(Duration::from_secs(6));
    world.accepted(&body).await;
    assert_eq!(world.refused(&body).await, 131056);
    assert_eq!(world.simulator.graph().refused(131056), 2);
}

/// How many of `count` messages to different people pass at once.
async fn pass(world: &World, count: u32) -> u64 {
    let before = world.simulator.graph().accepted();
    for turn in 0..count {
        world.send(&text(&format!("49151{turn:07}"), "hi")).await;
    }
    (world.simulator.graph().accepted() - before) as u64
}

#[tokio::test]
async fn a_number_has_the_throughput_of_its_level_with_what_it_hears_counted() {
    let rules = Enforcement {
        throughput: true,
        ..Enforcement::none()
    };
    let world = World::with(|config| {
        config.graph.enforcement = rules;
        config.graph.level = Level::Coexistence;
    })
    .await;
    for _ in 0..15 {
        world.simulator.write(0, mainstay_sim::Shape::Text, None).unwrap();
    }
    // Five are left of twenty, and what a slow machine gives back meanwhile.
    let passed = pass(&world, 60).await;
    assert!((5..45).contains(&passed), "{passed} passed");
    assert_eq!(world.simulator.graph().refused(130429), 60 - passed);
    world.simulator.advance(Duration::from_secs(1));
    assert!(pass(&world, 20).await >= 20 - 1);
}

#[tokio::test]
async fn a_portfolio_reaches_so_many_users_a_day() {
    for (way, expected) in [(Way::Answer, 131048), (Way::Status, 0)] {
        let world = World::with(only(Enforcement {
            portfolio: way,
            portfolio_users: Some(3),
            ..Enforcement::strict()
        }))
        .await;
        let to = |place: u32| template(&format!("4915100000{place}"), "hello_world", "en_US", &[]);
        for place in [10, 11, 12, 10, 11] {
            world.accepted(&to(place)).await;
        }
        match way {
            Way::Answer => assert_eq!(world.refused(&to(13)).await, expected),
            _ => {
                let wamid = world.accepted(&to(13)).await;
                let statuses = world.statuses().await;
                let failed = |it: &&Value| it["id"] == json!(wamid) && it["errors"][0]["code"] == 131048;
                assert_eq!(statuses.iter().filter(failed).count(), 1);
            }
        }
        // Whoever wrote within the day is not counted.
        world.write(0).await;
        world
            .accepted(&template(&world.customer(0).wa_id, "hello_world", "en_US", &[]))
            .await;
        world.simulator.advance(Duration::from_secs(24 * 3_600));
        world.accepted(&to(13)).await;
    }
}

#[tokio::test]
async fn each_rule_has_its_switch() {
    let world = World::with(only(Enforcement::none())).await;
    for turn in 0..120 {
        world.accepted(&text("4915123456789", &turn.to_string())).await;
    }
    world
        .accepted(&template("4915123456789", "no_such_template", "en_US", &["x"]))
        .await;
    world.simulator.graph().set_enforcement(Enforcement::strict());
    assert_eq!(world.refused(&text("4915123456789", "hi")).await, 131047);
}

#[tokio::test]
async fn a_business_cannot_write_to_itself() {
    let world = World::with(only(Enforcement::none())).await;
    assert_eq!(world.refused(&text("12065550142", "hi")).await, 131021);
}

#[tokio::test]
async fn a_message_refused_for_the_throughput_costs_the_pair_nothing() {
    let world = World::with(|config| {
        config.clock = Clock::Still(1_790_000_000);
        config.graph.level = Level::Coexistence;
        config.graph.enforcement = Enforcement {
            pairs: true,
            throughput: true,
            ..Enforcement::none()
        };
    })
    .await;
    let mut turn = 0;
    loop {
        turn += 1;
        let (_, answer) = world.send(&text("4915123456789", &turn.to_string())).await;
        match answer["error"]["code"].as_i64() {
            Some(130429) => world.simulator.advance(Duration::from_secs(1)),
            Some(code) => {
                assert_eq!(code, 131056);
                break;
            }
            None => {}
        }
    }
    let graph = world.simulator.graph();
    assert!(graph.refused(130429) >= 2);
    // One or two more than the burst, for the seconds that have passed.
    assert!((45..=47).contains(&graph.accepted()), "{} passed", graph.accepted());
}
