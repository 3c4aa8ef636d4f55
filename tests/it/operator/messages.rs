//! `mainstay message show` and `mainstay endpoint test`.

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::Stage;
use crate::{
    deliveries::receiver::{Receiver, Reply},
    support::process::MAINSTAY,
};

const SEND: &str = r#"send --tenant Acme --to +4915123456789 --payload {"type":"template","template":{"name":"hello_world","language":{"code":"en_US"}}}"#;

#[both_sizes]
async fn a_message_shows_its_attempts_its_statuses_and_what_to_do(mut stage: Stage) {
    let id = stage.run(SEND).await["id"].as_str().unwrap().to_owned();
    let show = format!("message show {id}");
    let waiting = stage.run(&show).await;
    assert_eq!(
        (&waiting["status"], &waiting["work"]),
        (&json!("queued"), &json!("pending"))
    );
    assert!(
        waiting["next_attempt_at"].is_string() && waiting["attempts"] == json!([]),
        "{waiting}"
    );
    stage.deployment.start().await;
    // Meta's news of it overtakes one another, and the answer to the request too.
    let read = stage.until(&show, "all of it is known", |it| {
        it["status"] == "read"
            && it["statuses"].as_array().unwrap().len() >= 3
            && it["attempts"][0]["outcome"] == "accepted"
    });
    let read = read.await;
    assert!(read["attempts"][0]["number"] == 1 && read["error"].is_null(), "{read}");

    stage
        .simulator
        .graph()
        .inject(FaultRule::new(Fault::error(131_026)).times(1));
    let id = stage.run(SEND).await["id"].as_str().unwrap().to_owned();
    let show = format!("message show {id} --tenant Acme");
    let failed = stage.until(&show, "it failed", |it| it["status"] == "failed").await;
    assert_eq!(failed["error"]["code"], 131_026);
    assert!(
        failed["error"]["advice"].is_string() && failed["attempts"][0]["error"]["title"].is_string(),
        "{failed}"
    );
    let mut shown = stage.deployment.spawn(MAINSTAY, &["message", "show", &id]);
    assert_eq!(shown.exit_code().await, Some(0));
    for part in ["failed", "error     131026: ", "to do     ", "attempt 1 "] {
        assert!(shown.output().contains(part), "{part}: {}", shown.output());
    }

    // One that is held says for what.
    stage
        .simulator
        .graph()
        .inject(FaultRule::new(Fault::error(190)).times(1));
    let id = stage.run(SEND).await["id"].as_str().unwrap().to_owned();
    let show = format!("message show {id}");
    stage.until(&show, "it is held", |it| it["held"] == "breaker").await;
    let mut shown = stage.deployment.spawn(MAINSTAY, &["message", "show", &id]);
    shown.exit_code().await;
    assert!(
        shown.output().contains("mainstay channel check chn_"),
        "{}",
        shown.output()
    );
    let said = stage.refused("message show msg_0198aaaabbbb7ccc8dddeeeeffff0001").await;
    assert!(said.contains("there is no message msg_"), "{said}");
}

#[both_sizes]
async fn an_endpoint_is_tested_and_its_answer_shown(mut stage: Stage) {
    stage.deployment.set("MAINSTAY_EGRESS_HTTP", "allow");
    stage.deployment.set("MAINSTAY_EGRESS_NETWORKS", "127.0.0.0/8");
    stage.deployment.start().await;
    let receiver = Receiver::doing(|_, nth| Reply::status(if nth == 0 { 204 } else { 500 })).await;
    let url = receiver.url();
    let added = stage
        .run(&format!(
            "endpoint add --tenant Acme --url {url} --event-types endpoint.test"
        ))
        .await;
    let line = format!("endpoint test --tenant Acme {}", added["id"].as_str().unwrap());
    let tested = stage.run(&line).await;
    assert_eq!(
        (&tested["state"], &tested["last_status"]),
        (&json!("done"), &json!(204))
    );
    let (code, tested, said) = stage.deployment.attempt(&line).await;
    assert_eq!(
        (code, &tested["state"], &tested["last_status"]),
        (Some(1), &json!("pending"), &json!(500)),
        "{said}"
    );
    // Nobody waits for one that no worker takes.
    stage.run("queue pause webhook-deliveries").await;
    let tested: Value = stage.run(&(line + " --wait 0")).await;
    assert!(tested["delivery_id"].as_str().unwrap().starts_with("dlv_"), "{tested}");
}
