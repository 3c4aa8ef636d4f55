use std::time::Duration;

use chrono::TimeDelta;
use mainstay::{
    clock::Clock,
    process::{self, Roles},
};
use mainstay_sim::{Enforcement, Fault, FaultRule, Level, NumberPatch};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::{channel, queue, strangers, tell, template, until_accepted, until_channel};
use crate::{
    sending::world::{DEADLINE, World},
    support::{app::NUMBER, wait::wait_until},
};

/// Meta lets the portfolio write to so many, holds it to that, and says so.
async fn limited(world: &World, count: usize) {
    world.simulator.graph().set_enforcement(Enforcement {
        portfolio_users: Some(count),
        ..Enforcement::strict()
    });
    tell(
        world,
        "business_capability_update",
        json!({ "max_daily_conversation_per_phone": count }),
    )
    .await;
    until_channel(world, "the limit is known", |it| it["daily_limit"]["limit"] == count).await;
}

#[both_sizes]
async fn no_more_customers_are_written_to_in_a_day_than_the_portfolio_may(world: World) {
    limited(&world, 10).await;
    let graph = world.simulator.graph();
    let ids = queue(&world, &strangers(14)).await;
    let full = until_channel(&world, "four wait", |it| {
        it["daily_limit"]["waiting"] == 4 && it["daily_limit"]["used"] == 10
    })
    .await;
    until_accepted(&world, 10).await;
    assert_eq!(
        full["daily_limit"],
        json!({ "limit": 10, "unlimited": false, "used": 10, "waiting": 4 })
    );
    let soon: i64 = world
        .number(
            "
        SELECT COUNT(*) FROM sends
        WHERE held = 'daily_limit' AND due_at > (SELECT MAX(last_at) FROM portfolio_recipients)",
        )
        .await;
    assert_eq!(soon, 4, "they come when others cease to count");

    // Whoever counts already is written to again, and whoever has written to us does not count.
    let again = graph.sends()[0].recipient.clone();
    world.send(template(&world, &again)).await;
    until_accepted(&world, 11).await;
    let ana = world.customer(0).await;
    world.send(template(&world, &ana.wa_id)).await;
    world.send(world.text(&ana.wa_id, "within the window")).await;
    until_accepted(&world, 13).await;
    assert_eq!(channel(&world).await["daily_limit"]["used"], 10);

    let day = TimeDelta::hours(24) + TimeDelta::minutes(3);
    world.simulator.advance(day.to_std().unwrap());
    world.running.app.clock.advance(day);
    until_accepted(&world, 17).await;
    for id in ids {
        world.until(&id, "read").await;
    }
    assert_eq!(
        channel(&world).await["daily_limit"],
        json!({ "limit": 10, "unlimited": false, "used": 4, "waiting": 0 })
    );
    assert_eq!(graph.refused(131_048), 0, "Meta never had to refuse");
    world.end().await;
}

#[both_sizes]
async fn several_workers_do_not_pass_the_limit_together(world: World) {
    limited(&world, 60).await;
    let graph = world.simulator.graph();
    graph.change_number(
        NUMBER,
        NumberPatch {
            level: Some(Level::High),
            ..NumberPatch::default()
        },
    );
    let check = format!("channels/{}/check", world.channel);
    world.post(&check, json!({})).await.ok();
    // The check told of the tier; the operator's word comes last.
    limited(&world, 60).await;
    let app = &world.running.app;
    let other = match app.config.redis {
        Some(_) => {
            let roles = Roles {
                api: false,
                worker: true,
            };
            Some(
                process::start(app.config.clone(), roles, Clock::default())
                    .await
                    .unwrap(),
            )
        }
        None => None,
    };
    queue(&world, &strangers(200)).await;
    until_channel(&world, "the others wait", |it| it["daily_limit"]["waiting"] == 140).await;
    until_accepted(&world, 60).await;
    assert_eq!((graph.refused(131_048), graph.refused(130_429)), (0, 0));
    let rows = world.number("SELECT COUNT(*) FROM portfolio_recipients").await;
    let used = world.number("SELECT used FROM portfolios").await;
    assert_eq!((rows, used), (60, 60));
    let turns = world.number("SELECT COUNT(*) FROM send_attempts").await;
    assert_eq!(turns, 60, "nobody else tried");
    if let Some(other) = other {
        other.stop().await;
    }
    world.end().await;
}

#[both_sizes]
async fn a_higher_limit_calls_those_who_wait(world: World) {
    limited(&world, 3).await;
    queue(&world, &strangers(7)).await;
    until_channel(&world, "four wait", |it| it["daily_limit"]["waiting"] == 4).await;
    limited(&world, 5).await;
    until_accepted(&world, 5).await;
    until_channel(&world, "two wait", |it| it["daily_limit"]["waiting"] == 2).await;
    world.simulator.graph().set_enforcement(Enforcement::strict());
    let quality = json!({ "display_phone_number": "15550783881", "event": "ONBOARDING",
        "max_daily_conversations_per_business": "TIER_2K" });
    tell(&world, "phone_number_quality_update", quality).await;
    until_accepted(&world, 7).await;
    let now = until_channel(&world, "nobody waits", |it| it["daily_limit"]["waiting"] == 0).await;
    assert_eq!(now["daily_limit"]["limit"], 2_000);
    world.end().await;
}

#[both_sizes]
async fn a_message_that_meta_refuses_uses_nothing_up(world: World) {
    limited(&world, 2).await;
    world.fault(FaultRule::new(Fault::error(132_001)).times(2));
    for id in queue(&world, &strangers(2)).await {
        world.until(&id, "failed").await;
    }
    assert_eq!(channel(&world).await["daily_limit"]["used"], 0);
    // One that goes out after a pause counts once.
    world.fault(FaultRule::new(Fault::error(130_429)).times(1));
    for id in queue(&world, &strangers(2)).await {
        world.until(&id, "read").await;
    }
    assert_eq!(channel(&world).await["daily_limit"]["used"], 2);
    world.end().await;
}

#[both_sizes]
async fn what_counted_for_the_account_counts_for_its_portfolio_once_that_is_known(world: World) {
    queue(&world, &strangers(3)).await;
    until_accepted(&world, 3).await;
    let unknown = channel(&world).await;
    assert_eq!(
        unknown["daily_limit"],
        json!({ "limit": null, "unlimited": false, "used": 3, "waiting": 0 })
    );
    assert_eq!(unknown["business_id"], Value::Null);
    world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok();
    let known = channel(&world).await;
    assert_eq!(known["business_id"], world.simulator.config().graph.business_id);
    assert_eq!(
        known["daily_limit"],
        json!({ "limit": null, "unlimited": true, "used": 3, "waiting": 0 })
    );
    limited(&world, 4).await;
    queue(&world, &strangers(5)).await;
    until_channel(&world, "the fifth waits", |it| it["daily_limit"]["waiting"] == 1).await;
    until_accepted(&world, 7).await;
    world.end().await;
}

#[both_sizes]
async fn who_waits_expires_in_time(world: World) {
    limited(&world, 1).await;
    let phones = strangers(2);
    world.until(&queue(&world, &phones[..1]).await[0], "read").await;
    let mut late = template(&world, &phones[1]);
    late["expires_at"] = json!(world.running.app.clock.now() + TimeDelta::minutes(10));
    let id = world.send(late).await;
    until_channel(&world, "it waits", |it| it["daily_limit"]["waiting"] == 1).await;
    world.running.app.clock.advance(TimeDelta::minutes(11));
    world.until(&id, "expired").await;
    wait_until(DEADLINE, "nobody waits", async || {
        channel(&world).await["daily_limit"]["waiting"] == 0
    })
    .await;
    assert_eq!(world.simulator.graph().accepted(), 1);
    tokio::time::timeout(Duration::from_secs(30), world.end())
        .await
        .expect("it ends");
}
