//! `mainstay scheduler`, and `mainstay queue dead`.

use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::Stage;

fn named<'a>(listed: &'a Value, name: &str) -> Option<&'a Value> {
    listed.as_array()?.iter().find(|it| it["name"] == name)
}

#[both_sizes]
async fn a_schedule_is_run_paused_and_resumed(mut stage: Stage) {
    stage.deployment.start().await;
    // They are planned one after another.
    let planned = |listed: &Value| listed.as_array().is_some_and(|it| it.len() == 3);
    let listed = stage.until("scheduler list", "all are planned", planned).await;
    assert!(named(&listed, "clean_cache").is_some(), "{listed}");
    let paused = stage.run("scheduler pause clean_cache").await;
    assert!(paused["paused_at"].is_string(), "{paused}");
    let run = stage.run("scheduler run clean_cache").await;
    assert_eq!((&run["asked"], &run["status"]), (&json!(true), &json!("fired")));
    let done = |runs: &Value| runs[0]["status"] == "done";
    let runs = stage.until("scheduler list clean_cache", "it has ended", done).await;
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    let resumed = stage.run("scheduler resume clean_cache").await;
    assert!(resumed["paused_at"].is_null(), "{resumed}");
    let (code, _, said) = stage.deployment.attempt("scheduler run nothing").await;
    assert!(code == Some(1) && said.contains("there is no schedule"), "{said}");

    let dead = stage.run("queue dead").await;
    let inbound = dead
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["queue"] == "inbound")
        .unwrap();
    assert_eq!((&inbound["dead"], &inbound["errors"]), (&json!(0), &json!([])));
    let archived = stage.run("queue archive inbound --dead").await;
    assert_eq!(archived["changed"], 0);
}
