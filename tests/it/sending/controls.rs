use chrono::TimeDelta;
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::world::{DEADLINE, World};
use crate::support::wait::wait_until;

#[both_sizes]
async fn a_queued_message_can_be_canceled_and_is_never_sent(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(131_049)).times(1));
    let id = world.send(world.text(&ana.wa_id, "no more")).await;
    wait_until(DEADLINE, "it waits", async || {
        const TRIED: &str =
            "SELECT COUNT(*) FROM sends s JOIN send_attempts a ON a.message_id = s.id WHERE s.state = 'pending'";
        world.number(TRIED).await == 1
    })
    .await;
    let canceled = world.post(&format!("messages/{id}/cancel"), json!({})).await;
    assert_eq!(canceled.status.as_u16(), 204, "{}", canceled.text());
    assert_eq!(world.message(&id).await["status"], "canceled");
    let again = world.post(&format!("messages/{id}/cancel"), json!({})).await;
    assert_eq!(again.problem(409), "wrong-state");
    assert!(world.accepted("no more").is_empty());
    world.end().await;
}

#[both_sizes]
async fn many_are_canceled_at_once_and_each_has_its_result(world: World) {
    let ana = world.customer(0).await;
    let sent = world.send(world.text(&ana.wa_id, "gone")).await;
    world.until(&sent, "read").await;
    world.fault(FaultRule::new(Fault::error(131_049)).times(2));
    let mut waiting = Vec::new();
    for text in ["one", "two"] {
        let id = world.send(world.text(&ana.wa_id, text)).await;
        world
            .until_is(&id, "it is put off", |it| {
                it["status"] == "queued" && World::outcomes(it) == ["rejected"]
            })
            .await;
        waiting.push(id);
    }
    wait_until(DEADLINE, "they wait", async || {
        world.number("SELECT COUNT(*) FROM sends WHERE state = 'pending'").await == 2
    })
    .await;
    let nobodys = "msg_0198aaaabbbb7ccc8dddeeeeffff0001";
    let ids = [&waiting[0], &sent, nobodys, &waiting[1], &waiting[0]];
    let answer = world.post("messages/cancel", json!({ "ids": ids })).await.ok().json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(
        results.iter().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>(),
        ids
    );
    for place in [0, 3, 4] {
        assert_eq!(results[place], json!({ "id": ids[place], "status": "canceled" }));
    }
    assert_eq!(
        (&results[1]["problem"]["status"], &results[1]["problem"]["type"]),
        (&json!(409), &json!("urn:mainstay:problem:wrong-state")),
        "{answer:#}"
    );
    assert_eq!(results[2]["problem"]["status"], 404, "{answer:#}");
    for id in &waiting {
        assert_eq!(world.message(id).await["status"], "canceled");
    }
    let events = world.client.get("/api/v1/events?after=0&limit=200").await.ok().json();
    let told = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["type"] == "message.canceled")
        .count();
    assert_eq!(told, 2, "each once");
    let again = world
        .post("messages/cancel", json!({ "ids": waiting }))
        .await
        .ok()
        .json();
    assert!(
        again["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["problem"]["status"] == 409),
        "{again:#}"
    );
    for ids in [Vec::new(), vec![nobodys; 1_001]] {
        let refused = world.post("messages/cancel", json!({ "ids": ids })).await;
        assert_eq!(
            (refused.json()["field"].as_str(), refused.json()["limit"].as_u64()),
            (Some("ids"), Some(1_000))
        );
        assert_eq!(refused.problem(422), "invalid-field");
    }
    assert!(world.accepted("one").is_empty() && world.accepted("two").is_empty());
    world.end().await;
}

#[both_sizes]
async fn what_is_canceled_while_it_is_being_sent_is_either_sent_or_canceled(world: World) {
    let ana = world.customer(0).await;
    let messages: Vec<_> = (0..200)
        .map(|n| world.text(&ana.wa_id, &format!("number {n}")))
        .collect();
    let queued = world
        .post("messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    let ids: Vec<String> = queued["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["message"]["id"].as_str().unwrap().to_owned())
        .collect();
    // Some are with Meta by then, some in a worker's hands, and some wait for the pair limit.
    wait_until(DEADLINE, "they are under way", async || {
        world.simulator.graph().accepted() > 0
    })
    .await;
    let answer = world.post("messages/cancel", json!({ "ids": ids })).await.ok().json();
    let canceled: Vec<bool> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"] == "canceled")
        .collect();
    assert!(canceled.iter().any(|it| *it), "{answer:#}");
    for (n, id) in ids.iter().enumerate() {
        if canceled[n] {
            assert_eq!(world.message(id).await["status"], "canceled");
        } else {
            // One that waits for its pair may have been in hand for no more than a look.
            let again = world.post(&format!("messages/{id}/cancel"), json!({})).await;
            if again.status.as_u16() != 204 {
                world
                    .until_is(id, "it is sent", |it| {
                        it["wamid"].is_string() || it["status"] == "queued"
                    })
                    .await;
            }
        }
        let sent = world.accepted(&format!("number {n}")).len();
        assert!(sent <= usize::from(!canceled[n]), "number {n} was canceled and sent");
    }
    world.end().await;
}

#[both_sizes]
async fn a_whole_campaign_is_withdrawn_in_one_request(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(131_031)).times(1));
    world.send(world.text(&ana.wa_id, "trips the channel")).await;
    let held = "SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'";
    wait_until(DEADLINE, "it is kept", async || world.number(held).await == 1).await;
    let messages: Vec<_> = (0..1_000)
        .map(|n| world.text(&ana.wa_id, &format!("number {n}")))
        .collect();
    let queued = world
        .post("messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    let ids: Vec<&str> = queued["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["message"]["id"].as_str().unwrap())
        .collect();
    wait_until(DEADLINE, "all are kept", async || world.number(held).await == 1_001).await;
    let answer = world.post("messages/cancel", json!({ "ids": ids })).await.ok().json();
    assert!(
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["status"] == "canceled"),
        "{answer:#}"
    );
    assert_eq!(world.number(held).await, 1);
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM messages WHERE status = 'canceled'")
            .await,
        1_000
    );
    world.end().await;
}

#[both_sizes]
async fn a_message_is_not_sent_after_its_time(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(130_429)).times(1));
    let mut request = world.text(&ana.wa_id, "now or never");
    let soon = world.running.app.clock.now() + TimeDelta::hours(1);
    request["expires_at"] = json!(soon);
    request["lane"] = json!("campaign");
    world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
    let id = world.send(request).await;
    world
        .until_is(&id, "it was tried", |it| !it["attempts"].as_array().unwrap().is_empty())
        .await;
    world.running.app.clock.advance(TimeDelta::hours(2));
    let message = world.until(&id, "expired").await;
    assert!(world.accepted("now or never").is_empty(), "{message:#}");
    world.end().await;
}

#[both_sizes]
async fn what_waits_for_meta_expires_in_its_time(world: World) {
    let (ana, ben) = (world.customer(0).await, world.customer(1).await);
    let soon = world.running.app.clock.now() + TimeDelta::seconds(4);
    let until_soon = |to: &str, text: &str| {
        let mut request = world.text(to, text);
        request["expires_at"] = json!(soon);
        request
    };
    // Maintenance: nothing is sent for a minute, neither this one again nor others.
    world.fault(FaultRule::new(Fault::error(131_057)).times(1));
    let refused = world.send(until_soon(&ana.wa_id, "refused")).await;
    world
        .until_is(&refused, "it was tried", |it| World::outcomes(it) == ["rejected"])
        .await;
    let waiting = world.send(until_soon(&ben.wa_id, "waiting")).await;
    for id in [&refused, &waiting] {
        world.until(id, "expired").await;
    }
    assert!(
        world.running.app.clock.now() < soon + TimeDelta::seconds(30),
        "long before the minute is over"
    );
    assert_eq!(world.simulator.graph().accepted(), 0);
    world.end().await;
}

#[both_sizes]
async fn what_may_have_been_sent_is_not_called_expired(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
    let mut request = world.text(&ana.wa_id, "sent or not");
    request["expires_at"] = json!(world.running.app.clock.now() + TimeDelta::seconds(2));
    let id = world.send(request).await;
    wait_until(DEADLINE, "it is held for a person", async || {
        world
            .number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'unknown'")
            .await
            == 1
    })
    .await;
    assert_eq!(world.message(&id).await["status"], "unknown");
    assert!(world.accepted("sent or not").is_empty(), "nor is it sent again");
    world.end().await;
}

#[both_sizes]
async fn what_is_kept_for_its_channel_expires_all_the_same(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(131_031)).times(1));
    let mut request = world.text(&ana.wa_id, "in time or not at all");
    request["expires_at"] = json!(world.running.app.clock.now() + TimeDelta::hours(1));
    let id = world.send(request).await;
    wait_until(DEADLINE, "it is kept", async || {
        world
            .number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'")
            .await
            == 1
    })
    .await;
    world.running.app.clock.advance(TimeDelta::hours(2));
    world.until(&id, "expired").await;
    assert!(world.accepted("in time or not at all").is_empty());
    world.end().await;
}

#[both_sizes]
async fn outside_the_window_only_templates_are_sent(world: World) {
    let ana = world.customer(0).await;
    world.running.app.clock.advance(TimeDelta::hours(25));
    let id = world.send(world.text_anyway(&ana.wa_id, "too late")).await;
    let message = world.until(&id, "failed").await;
    assert_eq!(message["error"]["code"], 131_047);
    assert!(message["error"]["title"].as_str().unwrap().starts_with("window_closed"));
    assert!(message["attempts"].as_array().unwrap().is_empty(), "Meta was not asked");
    let stranger = world.send(world.text_anyway("4915112345678", "hello?")).await;
    assert_eq!(world.until(&stranger, "failed").await["error"]["code"], 131_047);
    assert_eq!(world.simulator.graph().accepted(), 0);
    world.end().await;
}
