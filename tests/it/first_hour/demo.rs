//! What the demo prints is pasted, and a program on the same machine gets events.

use serde_json::json;

use super::shell::{Api, DEADLINE, Demo, environment, has, json, paste};
use crate::{
    deliveries::receiver::Receiver,
    support::{
        folder::Folder,
        process::{MAINSTAY, Process, command},
        wait::wait_until,
    },
};

#[tokio::test]
async fn the_send_that_the_demo_prints_arrives_when_it_is_pasted() {
    if !has(&["curl"]) {
        return;
    }
    let folder = Folder::new("demo");
    let data = folder.path().join("data").display().to_string();
    let mut demo = Process::spawn(command(MAINSTAY, &["demo", "--port", "0", "--data", &data], &[]));
    let send = demo.wait_for_line("/api/v1/messages -H").await;
    let sent = json(&paste(&send, folder.path(), &environment(&[])).await);
    let id = sent[0]["id"].as_str().unwrap_or_else(|| panic!("{sent:#?}"));

    let exports = demo.wait_for_line("export API=").await;
    let value = |name: &str| {
        let (_, rest) = exports.split_once(&format!("{name}=")).expect("it is exported");
        rest.split(' ').next().unwrap_or_default()
    };
    let api = Api::new(value("API"), value("MAINSTAY_API_KEY"));
    api.wait_until_delivered(id).await;

    let said = demo.wait_for_line("docs/meta-setup.md").await;
    assert!(said.contains("README.md"), "{said}");
    let output = demo.output();
    assert!(
        output.contains("/api/docs") && output.contains("endpoints may lead to this machine"),
        "{output}"
    );
}

#[tokio::test]
async fn an_endpoint_on_this_machine_gets_the_events_of_the_demo() {
    let (demo, receiver) = (Demo::start(&[]).await, Receiver::start().await);
    let endpoint = json!({ "url": receiver.url(), "event_types": ["message.received"] });
    let made = demo.api().post("/endpoints", &endpoint).await;
    assert!(made["id"].is_string(), "{made:#}");
    wait_until(DEADLINE, "an event is delivered", async || receiver.count() > 0).await;
    assert_eq!(receiver.requests()[0].json()["type"], "message.received");
}
