use std::time::Duration;

use mainstay_sim::{Echo, Fault, FaultRule, StatusPolicy};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::world::{DEADLINE, World};
use crate::support::wait::wait_until;

#[both_sizes]
async fn a_lost_answer_of_a_message_that_was_accepted_is_proven_by_its_status(world: World) {
    let ana = world.customer(0).await;
    for fault in [
        Fault::Lost { accepted: true },
        Fault::Unreadable { accepted: true },
        Fault::Http {
            status: 502,
            accepted: true,
        },
        Fault::Error {
            code: 131_000,
            subcode: None,
            http_status: Some(500),
            details: None,
            as_text: false,
            accepted: true,
        },
        Fault::Error {
            code: 2,
            subcode: None,
            http_status: None,
            details: None,
            as_text: false,
            accepted: true,
        },
        Fault::Late { ms: 4_000 },
    ] {
        let text = format!("{fault:?}");
        world.fault(FaultRule::new(fault).times(1));
        let id = world.send(world.text(&ana.wa_id, &text)).await;
        let message = world.until(&id, "read").await;
        assert_eq!(World::outcomes(&message), ["accepted"], "{text}");
        assert_eq!(message["attempts"][0]["evidence"], "status", "{text}: {message:#}");
        assert_eq!(world.accepted(&text).len(), 1, "{text}");
        assert_eq!(message["wamid"], json!(world.accepted(&text)[0].wamid));
    }
    world.end().await;
}

#[both_sizes]
async fn a_reply_that_was_never_accepted_is_sent_again_when_no_evidence_came(world: World) {
    let ana = world.customer(0).await;
    for fault in [
        Fault::Lost { accepted: false },
        Fault::Http {
            status: 503,
            accepted: false,
        },
        Fault::error(131_016),
    ] {
        let text = format!("{fault:?}");
        world.fault(FaultRule::new(fault).times(1));
        let id = world.send(world.text(&ana.wa_id, &text)).await;
        world.until(&id, "unknown").await;
        let message = world.until(&id, "read").await;
        assert_eq!(World::outcomes(&message), ["unknown", "accepted"]);
        assert_eq!(world.accepted(&text).len(), 1, "{text}");
    }
    world.end().await;
}

#[both_sizes]
async fn a_message_of_a_campaign_is_held_until_somebody_resolves_it(world: World) {
    let ana = world.customer(0).await;
    let mut ids = Vec::new();
    for text in ["resend", "sent", "drop"] {
        world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
        let mut request = world.text(&ana.wa_id, text);
        request["lane"] = json!("campaign");
        let id = world.send(request).await;
        world.until(&id, "unknown").await;
        ids.push((id, text));
    }
    for (id, text) in &ids {
        let resolution = json!({ "resolution": text });
        // As long as evidence may come, a worker may have it in hand; then it is held.
        let held = "the message is held";
        wait_until(DEADLINE, held, async || {
            world
                .number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'unknown'")
                .await
                > 0
        })
        .await;
        let mut answer = world.post(&format!("messages/{id}/resolve"), resolution.clone()).await;
        while answer.status.as_u16() == 409 {
            tokio::task::yield_now().await;
            answer = world.post(&format!("messages/{id}/resolve"), resolution.clone()).await;
        }
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
        let expected = match *text {
            "resend" => world.until(id, "read").await,
            "sent" => world.until(id, "sent").await,
            _ => world.until(id, "canceled").await,
        };
        assert_eq!(
            world.accepted(text).len(),
            usize::from(*text == "resend"),
            "{expected:#}"
        );
        assert_eq!(expected["attempts"][0]["evidence"], "person");
    }
    world.end().await;
}

#[both_sizes]
async fn under_hold_nothing_is_sent_twice_however_late_the_evidence_is(world: World) {
    let mut statuses = StatusPolicy {
        echo: Echo::Always,
        ..world.simulator.graph().statuses()
    };
    statuses.late = 1.0;
    // Long after the window.
    statuses.late_ms = 6_000;
    world.simulator.graph().set_statuses(statuses);
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::Lost { accepted: true }).times(1));
    let mut request = world.text(&ana.wa_id, "offer");
    request["lane"] = json!("campaign");
    let id = world.send(request).await;
    world.until(&id, "unknown").await;
    let message = world.until(&id, "read").await;
    assert_eq!(World::outcomes(&message), ["accepted"]);
    assert_eq!(world.accepted("offer").len(), 1);
    world.end().await;
}

#[both_sizes]
async fn what_never_left_is_tried_again_without_waiting_for_evidence(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::Slow { ms: 300 }).times(1));
    let began = std::time::Instant::now();
    let id = world.send(world.text(&ana.wa_id, "slow")).await;
    let message = world.until(&id, "read").await;
    assert_eq!(World::outcomes(&message), ["accepted"]);
    assert!(began.elapsed() >= Duration::from_millis(300));
    world.end().await;
}
