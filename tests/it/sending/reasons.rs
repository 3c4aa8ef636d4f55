//! What a message says of itself that waits or has failed: why, until when, and what a person can do.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::{DEADLINE, World};
use crate::support::{http::Client, wait::wait_until};

/// Fails unless the error says who must do what.
fn speaks(error: &Value) {
    assert!(
        error["title"].as_str().is_some_and(|title| !title.is_empty()),
        "{error:#}"
    );
    assert!(
        error["advice"].as_str().is_some_and(|advice| advice.len() > 10),
        "{error:#}"
    );
    assert!(error["who"].is_string(), "{error:#}");
}

#[both_sizes]
async fn a_failure_says_what_to_do_however_it_came(world: World) {
    let ana = world.customer(0).await;
    let details = Some("The handset is too old.".to_owned());
    let told = Fault::Failed {
        code: 131_026,
        details: details.clone(),
        after_sent: false,
    };
    let answered = |as_text| Fault::Error {
        code: 131_026,
        subcode: None,
        http_status: None,
        details: details.clone(),
        as_text,
        accepted: false,
    };
    for fault in [told, answered(false), answered(true)] {
        world.fault(FaultRule::new(fault).times(1));
        let id = world.send(world.text(&ana.wa_id, "is it new?")).await;
        let message = world.until(&id, "failed").await;
        let error = &message["error"];
        speaks(error);
        assert_eq!(error["code"], 131_026, "{message:#}");
        assert_eq!(error["details"], "The handset is too old.", "{message:#}");
        let reported = message["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["status"] == "failed");
        let reported = reported.map_or(&message["attempts"][0]["error"], |it| &it["error"]);
        speaks(reported);
        assert_eq!(reported["details"], "The handset is too old.", "{message:#}");
        assert_eq!(reported["advice"], error["advice"]);
        let listed = world
            .client
            .get("/api/v1/messages?status=failed&limit=1")
            .await
            .ok()
            .json();
        speaks(&listed["data"][0]["error"]);
        // Whoever was not reached is doubtful until they write again.
        world.customer(0).await;
    }
    world.end().await;
}

#[both_sizes]
async fn what_is_refused_here_says_what_to_do_though_no_call_was_made(world: World) {
    let id = world.send(world.text_anyway("4915112345678", "hello?")).await;
    let message = world.until(&id, "failed").await;
    assert_eq!(message["attempts"], json!([]));
    speaks(&message["error"]);
    assert_eq!(message["error"]["details"], Value::Null, "Meta was not asked");
    world.end().await;
}

#[both_sizes]
async fn a_message_that_waits_says_for_what_and_until_when(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(131_049)).times(1));
    let now = world.running.app.clock.now();
    let mut request = world.text(&ana.wa_id, "tomorrow");
    request["lane"] = json!("campaign");
    request["expires_at"] = json!(now + TimeDelta::days(3));
    let id = world.send(request).await;
    let later = |it: &Value| {
        it["next_attempt_at"]
            .as_str()
            .and_then(|at| at.parse::<DateTime<Utc>>().ok())
    };
    let parked = |it: &Value| it["status"] == "queued" && later(it).is_some_and(|at| at > now + TimeDelta::hours(23));
    let message = world.until_is(&id, "it is put off", parked).await;
    assert_eq!(message["lane"], "campaign");
    assert!(
        message["expires_at"].is_string() && message["held"].is_null(),
        "{message:#}"
    );
    assert_eq!(message["error"]["code"], 131_049, "of the attempt that failed");
    speaks(&message["error"]);

    world.fault(FaultRule::new(Fault::error(131_031)).times(1));
    let id = world.send(world.text(&ana.wa_id, "kept")).await;
    let message = world.until_is(&id, "it is kept", |it| it["held"] == "breaker").await;
    assert_eq!(
        (&message["lane"], &message["next_attempt_at"]),
        (&json!("reply"), &Value::Null),
        "{message:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn at_its_end_a_message_waits_for_nothing(world: World) {
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "hello")).await;
    let message = world.until(&id, "read").await;
    assert_eq!((&message["lane"], &message["held"]), (&json!("reply"), &Value::Null));
    assert_eq!(
        (&message["next_attempt_at"], &message["error"]),
        (&Value::Null, &Value::Null),
        "{message:#}"
    );
    let page = world
        .client
        .get("/api/v1/messages?direction=inbound&limit=1")
        .await
        .ok()
        .json();
    let written = world.message(page["data"][0]["id"].as_str().unwrap()).await;
    assert!(
        written["lane"].is_null() && written["next_attempt_at"].is_null(),
        "{written:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_paused_queue_is_what_a_message_waits_for_and_health_says_so(world: World) {
    let ana = world.customer(0).await;
    let operator = Client::operator(&world.running.app);
    operator.post("/admin/queues/outbound/pause", Value::Null).await.ok();
    // A worker may take one more until it has heard of the pause.
    let mut id = String::new();
    wait_until(DEADLINE, "nothing is taken any more", async || {
        id = world.send(world.text(&ana.wa_id, "when you are back")).await;
        let message = world.message(&id).await;
        message["held"] == "queue_paused" && message["status"] == "queued"
    })
    .await;
    let health = Client::of(&world.running.app).get("/health/ready").await.ok().json();
    let queues = &health["checks"]["queues"];
    assert_eq!(
        (&health["status"], &queues["status"]),
        (&json!("degraded"), &json!("degraded")),
        "{health:#}"
    );
    assert_eq!(queues["paused"][0]["name"], "outbound", "{health:#}");
    assert!(queues["paused"][0]["since"].is_string(), "{health:#}");

    operator.post("/admin/queues/outbound/resume", Value::Null).await.ok();
    let message = world.until(&id, "read").await;
    assert_eq!(message["held"], Value::Null, "{message:#}");
    world.end().await;
}
