//! The demo with a program of one's own, which gets the events and answers the customers.

use serde_json::json;

use super::{
    listen::verify,
    shell::{DEADLINE, Demo},
};
use crate::{
    deliveries::receiver::{Receiver, Reply},
    support::wait::wait_until,
};

#[tokio::test]
async fn a_program_that_fails_at_first_gets_every_event_of_the_demo_and_answers() {
    let receiver = Receiver::doing(|_, before| Reply::status(if before == 0 { 500 } else { 200 })).await;
    let types = ["--forward", &receiver.url(), "--types", "message.*"];
    let mut demo = Demo::start(&types).await;
    let secret = demo.shown["forward"]["secret"].as_str().unwrap().to_owned();
    wait_until(DEADLINE, "a message comes again", async || receiver.count() > 1).await;
    let [refused, taken] = &receiver.requests()[..2] else {
        unreachable!("there are two")
    };
    assert_eq!((refused.id(), &refused.body), (taken.id(), &taken.body));
    verify(&secret, taken);
    let event = taken.json();
    assert_eq!(event["type"], "message.received");

    // Nobody else answers.
    let api = demo.api();
    let message = json!({
        "channel_id": demo.text("channel_id"), "to": { "contact_id": event["data"]["message"]["contact_id"] },
        "type": "text", "text": { "body": "Yes, I am." },
    });
    let sent = api.post("/messages", &message).await;
    api.wait_until_delivered(sent["id"].as_str().unwrap_or_else(|| panic!("{sent:#}")))
        .await;
    wait_until(DEADLINE, "the program hears of its answer", async || {
        let has = |request: &crate::deliveries::receiver::Request| {
            let event = request.json();
            event["type"] == "message.delivered" && event["data"]["message_id"] == sent["id"]
        };
        receiver.requests().iter().any(has)
    })
    .await;
    let outbound = receiver
        .requests()
        .into_iter()
        .filter(|request| request.json()["type"] == "message.accepted");
    let outbound: std::collections::BTreeSet<String> = outbound.map(|request| request.id().to_owned()).collect();
    assert_eq!(outbound.len(), 1, "the demo's own responder keeps silent");

    demo.process.send("INT");
    assert_eq!(demo.process.exit_code().await, Some(0), "{}", demo.process.output());
    assert!(
        demo.process.output().contains("go on with --after"),
        "{}",
        demo.process.output()
    );
}
