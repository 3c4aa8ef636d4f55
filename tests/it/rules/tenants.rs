use std::time::{Duration, Instant};

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::{operator, queue, strangers, template, tenant, until_accepted};
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

async fn set(world: &World, rules: Value) -> Value {
    let path = format!("/admin/tenants/{}", tenant(world).await);
    operator(world).patch(&path, rules).await.ok().json()
}

#[both_sizes]
async fn a_tenants_quota_holds_at_once_and_a_higher_one_calls_those_who_wait(world: World) {
    assert_eq!(
        set(&world, json!({ "messages_per_second": 5 })).await["messages_per_second"],
        5.0
    );
    let graph = world.simulator.graph();
    let began = Instant::now();
    queue(&world, &strangers(120)).await;
    wait_until(DEADLINE, "some are sent", async || graph.accepted() >= 10).await;
    // Ten at five a second take two seconds, less the half of one that slots are given ahead.
    assert!(began.elapsed() > Duration::from_millis(1_300), "{:?}", began.elapsed());
    assert!(graph.accepted() <= 13, "{}", graph.accepted());
    let raised = Instant::now();
    assert_eq!(
        set(&world, json!({ "messages_per_second": 50 })).await["messages_per_second"],
        50.0
    );
    until_accepted(&world, 120).await;
    assert!(
        raised.elapsed() < Duration::from_secs(12),
        "at five a second it takes twenty: {:?}",
        raised.elapsed()
    );
    assert_eq!(
        set(&world, json!({ "messages_per_second": null })).await["messages_per_second"],
        Value::Null
    );
    world.end().await;
}

#[both_sizes]
async fn what_is_unknown_is_held_in_the_lanes_the_operator_names(world: World) {
    let lost = || FaultRule::new(Fault::Lost { accepted: false }).times(1);
    let phones = strangers(3);
    let held = "SELECT COUNT(*) FROM sends WHERE held = 'unknown' AND state = 'quarantined'";
    assert_eq!(
        set(&world, json!({ "hold_unknown": ["transactional", "campaign"] })).await["hold_unknown"],
        json!(["transactional", "campaign"])
    );
    world.fault(lost());
    let id = world.send(template(&world, &phones[0])).await;
    wait_until(DEADLINE, "it is held", async || world.number(held).await == 1).await;
    assert_eq!(world.message(&id).await["status"], "unknown");

    let set_to = set(&world, json!({ "hold_unknown": [] })).await;
    assert_eq!(set_to["hold_unknown"], json!([]));
    world.fault(lost());
    let mut campaign = template(&world, &phones[1]);
    campaign["lane"] = json!("campaign");
    let id = world.send(campaign.clone()).await;
    world.until(&id, "read").await;

    assert_eq!(
        set(&world, json!({ "hold_unknown": null })).await["hold_unknown"],
        Value::Null
    );
    world.fault(lost());
    campaign["to"] = json!({ "phone": format!("+{}", phones[2]) });
    world.send(campaign).await;
    wait_until(DEADLINE, "campaigns are held by themselves", async || {
        world.number(held).await == 2
    })
    .await;
    world.end().await;
}

#[both_sizes]
async fn rules_that_will_not_do_are_refused_and_change_nothing(world: World) {
    let path = format!("/admin/tenants/{}", tenant(&world).await);
    set(&world, json!({ "messages_per_second": 7.5, "hold_unknown": ["reply"] })).await;
    for (rules, status) in [
        (json!({ "messages_per_second": 0 }), 400),
        (json!({ "messages_per_second": -1 }), 400),
        (json!({ "messages_per_second": 1e9 }), 400),
        (json!({ "messages_per_second": "7" }), 422),
        (json!({ "hold_unknown": ["urgent"] }), 422),
        (json!({ "hold_unknow": [] }), 422),
    ] {
        let answer = operator(&world).patch(&path, rules.clone()).await;
        let kind = if status == 422 {
            "invalid-field"
        } else {
            "invalid-request"
        };
        assert_eq!(answer.problem(status), kind, "{rules}");
    }
    assert_eq!(
        operator(&world)
            .patch("/admin/tenants/ten_0198aaaabbbb7ccc8dddeeeeffff0001", json!({}))
            .await
            .problem(404),
        "not-found"
    );
    let kept = set(&world, json!({})).await;
    assert_eq!(
        (&kept["messages_per_second"], &kept["hold_unknown"]),
        (&json!(7.5), &json!(["reply"]))
    );
    world.end().await;
}
