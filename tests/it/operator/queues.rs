//! `mainstay queue`.

use mainstay_sim::Shape;
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::Stage;

fn inbound(listed: &Value) -> &Value {
    let found = listed.as_array().unwrap().iter().find(|it| it["name"] == "inbound");
    found.expect("there is a queue of webhooks")
}

#[both_sizes]
async fn a_queue_rests_and_its_jobs_are_discarded_and_put_back(mut stage: Stage) {
    // Before anything runs: a worker that is at work takes half a second to notice a pause.
    let paused = json!({ "name": "inbound", "paused": true });
    assert_eq!(stage.run("queue pause inbound").await, paused);
    stage.deployment.start().await;
    let written = stage.simulator.write(0, Shape::Text, Some("Hello?")).unwrap();
    stage.simulator.deliver(written).await;
    let waits = |listed: &Value| inbound(listed)["pending"] == 1;
    let listed = stage.until("queue list", "the webhook waits", waits).await;
    assert_eq!(inbound(&listed)["paused"], true);
    let jobs = stage.run("queue list inbound --state pending").await;
    let id = jobs[0]["id"].as_str().unwrap();
    assert!(id.starts_with("raw_") && jobs[0]["last_error"].is_null(), "{jobs}");

    let discarded = stage.run(&format!("queue discard inbound {id}")).await;
    assert_eq!((&discarded["changed"], &discarded["left"]), (&json!(1), &json!([])));
    assert_eq!(stage.run("queue list inbound --state discarded").await[0]["id"], id);
    let (code, again, _) = stage.deployment.attempt(&format!("queue discard inbound {id}")).await;
    assert_eq!(
        (code, &again["left"]),
        (Some(1), &json!([id])),
        "it is discarded already"
    );
    assert_eq!(stage.run(&format!("queue retry inbound {id}")).await["changed"], 1);
    assert_eq!(stage.run("queue resume inbound").await["paused"], false);
    let done = |listed: &Value| inbound(listed)["done_total"] == 1;
    stage.until("queue list", "it was processed", done).await;

    // What is dead is put back at once.
    let db = stage.deployment.db().await;
    db.sql("UPDATE raw_events SET state = 'dead', last_error = 'a fault'", ())
        .run()
        .await
        .unwrap();
    db.close().await;
    let dead = stage.run("queue list inbound").await;
    assert_eq!(
        (&dead[0]["id"], &dead[0]["last_error"]),
        (&json!(id), &json!("a fault"))
    );
    assert_eq!(stage.run("queue retry inbound --dead").await["changed"], 1);
    let done = |listed: &Value| inbound(listed)["done_total"] == 2;
    stage.until("queue list", "it was processed again", done).await;
    assert_eq!(stage.run("queue retry inbound --dead").await["changed"], 0);
    let (code, _, said) = stage.deployment.attempt("queue pause inbox").await;
    assert!(code == Some(2) && said.contains("the queues are inbound"), "{said}");
}
