use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::world::{DEADLINE, World};
use crate::support::wait::wait_until;

#[both_sizes]
async fn a_reply_is_sent_once_and_its_statuses_are_known(world: World) {
    // The answer is to be written first, also on a machine that is busy with something else.
    let mut statuses = world.simulator.graph().statuses();
    (statuses.sent_ms, statuses.delivered_ms, statuses.read_ms) = (1_000, 1_100, 1_200);
    world.simulator.graph().set_statuses(statuses);
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "Until eight.")).await;
    let message = world.until(&id, "read").await;
    let sends = world.accepted("Until eight.");
    assert_eq!(sends.len(), 1);
    assert_eq!(message["wamid"], json!(sends[0].wamid));
    assert_eq!(World::outcomes(&message), ["accepted"]);
    let attempt = &message["attempts"][0];
    assert_eq!(attempt["evidence"], "answer");
    assert_eq!(json!(sends[0].opaque), attempt["id"], "the attempt's id goes along");
    wait_until(DEADLINE, "all three statuses are there", async || {
        let message = world.message(&id).await;
        let statuses = message["statuses"].as_array().unwrap();
        statuses
            .iter()
            .map(|it| it["status"].as_str().unwrap())
            .eq(["sent", "delivered", "read"])
    })
    .await;
    world.end().await;
}

#[both_sizes]
async fn five_hundred_messages_of_one_batch_are_each_sent_once(world: World) {
    const COUNT: usize = 500;
    let mut phones = Vec::new();
    for place in 0..20 {
        phones.push(world.customer(place).await.wa_id);
    }
    let message = |n: usize| world.text(&phones[n % 20], &format!("number {n}"));
    let messages: Vec<_> = (0..COUNT).map(message).collect();
    let answer = world
        .post("messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), COUNT);
    assert!(results.iter().all(|it| it["message"]["status"] == "queued"), "{answer}");
    let graph = world.simulator.graph();
    wait_until(DEADLINE, "all are accepted", async || graph.accepted() >= COUNT).await;
    wait_until(DEADLINE, "all are told of", async || {
        world
            .number("SELECT COUNT(*) FROM messages WHERE direction = 'outbound' AND status = 'read'")
            .await
            == 500
    })
    .await;
    assert_eq!(graph.accepted(), COUNT);
    assert_eq!(world.number("SELECT COUNT(*) FROM send_attempts").await, 500);
    assert_eq!((graph.refused(130_429), graph.refused(131_056)), (0, 0));
    world.end().await;
}

#[both_sizes]
async fn a_status_that_comes_before_the_answer_is_honoured(world: World) {
    let mut statuses = world.simulator.graph().statuses();
    statuses.early = 1.0;
    world.simulator.graph().set_statuses(statuses);
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "At once.")).await;
    let message = world.until(&id, "read").await;
    assert_eq!(world.accepted("At once.").len(), 1);
    assert_eq!(World::outcomes(&message), ["accepted"]);
    world.end().await;
}

#[both_sizes]
async fn an_answer_names_the_message_it_answers(world: World) {
    let ana = world.customer(0).await;
    let page = world.client.get("/api/v1/messages?direction=inbound").await.ok().json();
    let inbound = page["data"][0].clone();
    let mut request = world.text(&ana.wa_id, "Yes.");
    request["context"] = json!({ "message_id": inbound["id"] });
    let id = world.send(request).await;
    world.until(&id, "read").await;
    let body = world.accepted("Yes.")[0].json();
    assert_eq!(body["context"]["message_id"], inbound["wamid"]);
    let receipt = world
        .post(
            &format!("messages/{}/read", inbound["id"].as_str().unwrap()),
            json!({ "typing": true }),
        )
        .await;
    assert_eq!(receipt.status.as_u16(), 204, "{}", receipt.text());
    let reads = world.simulator.graph().reads();
    assert_eq!(json!(reads[0].wamid), inbound["wamid"]);
    assert!(reads[0].typing);
    let path = format!("/api/v1/messages/{}/read", inbound["id"].as_str().unwrap());
    let receipt = world.client.post_nothing(&path).await;
    assert_eq!(receipt.status.as_u16(), 204, "{}", receipt.text());
    assert!(!world.simulator.graph().reads()[1].typing, "a body may be left out");
    world.end().await;
}
