//! Proofs beside each other: what one proves says nothing of another.

use mainstay::{
    domain::{AttemptId, MessageId},
    messaging::store::sends::{self, Proof},
};
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::world::{DEADLINE, World};
use crate::support::wait::wait_until;

fn attempt(message: &serde_json::Value, number: usize) -> AttemptId {
    message["attempts"][number]["id"].as_str().unwrap().parse().unwrap()
}

#[both_sizes]
async fn a_late_status_of_an_attempt_that_failed_ends_nothing_else(world: World) {
    let ana = world.customer(0).await;
    // One that Meta gave up and that waits for tomorrow, and one of which nobody knows.
    world.fault(FaultRule::new(Fault::failed(131_049)).times(1));
    let parked = world.send(world.text(&ana.wa_id, "parked")).await;
    let parked = world
        .until_is(&parked, "parked", |it| {
            it["status"] == "queued" && it["attempts"][0]["outcome"] == "accepted"
        })
        .await;
    world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
    let mut request = world.text(&ana.wa_id, "unknown");
    request["lane"] = json!("campaign");
    let unknown = world.send(request).await;
    let unknown = world.until(&unknown, "unknown").await;
    let proof = |message: &serde_json::Value, wamid: &str| Proof {
        attempt: attempt(message, 0),
        channel: world.channel,
        wamid: wamid.to_owned(),
    };
    let proofs = [proof(&parked, "wamid.OLD"), proof(&unknown, "wamid.NEW")];
    let app = &world.running.app;
    let proven = sends::prove(app.db.writer(), &proofs, app.clock.now(), &mut Default::default())
        .await
        .unwrap();
    assert_eq!(proven.len(), 1);
    let parked = world.message(parked["id"].as_str().unwrap()).await;
    assert_eq!(
        (&parked["status"], &parked["wamid"]),
        (&json!("queued"), &json!(null)),
        "{parked:#}"
    );
    let unknown = world.message(unknown["id"].as_str().unwrap()).await;
    assert_eq!(
        (&unknown["status"], &unknown["wamid"]),
        (&json!("accepted"), &json!("wamid.NEW"))
    );
    world.end().await;
}

#[both_sizes]
async fn what_a_person_said_gives_way_to_what_meta_says(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
    let mut request = world.text(&ana.wa_id, "perhaps");
    request["lane"] = json!("campaign");
    let id = world.send(request).await;
    world.until(&id, "unknown").await;
    wait_until(DEADLINE, "it is held", async || {
        world
            .number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'unknown'")
            .await
            == 1
    })
    .await;
    let resolved = world
        .post(&format!("messages/{id}/resolve"), json!({ "resolution": "drop" }))
        .await;
    assert_eq!(resolved.status.as_u16(), 204, "{}", resolved.text());
    let message = world.until(&id, "canceled").await;
    let again = world
        .post(&format!("messages/{id}/resolve"), json!({ "resolution": "resend" }))
        .await;
    assert_eq!(again.problem(409), "wrong-state");
    let app = &world.running.app;
    let proof = Proof {
        attempt: attempt(&message, 0),
        channel: world.channel,
        wamid: "wamid.LATE".to_owned(),
    };
    assert_eq!(
        sends::prove(app.db.writer(), &[proof], app.clock.now(), &mut Default::default())
            .await
            .unwrap()
            .len(),
        1
    );
    let message = world.message(&id).await;
    assert_eq!(
        (&message["status"], &message["wamid"]),
        (&json!("accepted"), &json!("wamid.LATE"))
    );
    assert!(world.accepted("perhaps").is_empty());
    world.end().await;
}

#[both_sizes]
async fn an_attempt_does_not_begin_for_a_message_that_was_proven_meanwhile(world: World) {
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "proven")).await;
    let message = world.until(&id, "read").await;
    let app = &world.running.app;
    let begun = sends::NewAttempt {
        id: app.clock.new_id(),
        message: id.parse::<MessageId>().unwrap(),
        tenant: app.directory.current().channel(world.channel).unwrap().tenant,
        channel: world.channel,
        number: 2,
        at: app.clock.now(),
        marked: false,
    };
    assert!(
        sends::begin(app.db.writer(), &[begun], &mut Default::default())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.message(&id).await["attempts"], message["attempts"]);
    world.end().await;
}
