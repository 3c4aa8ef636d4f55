//! `mainstay simulate`: a server of one's own, set up by the README, towards a simulated Meta.

use serde_json::{Value, json};

use super::{
    readme::blocks,
    shell::{Api, DEADLINE, environment, has, shell},
};
use crate::support::{
    folder::Folder,
    process::{MAINSTAY, Process, command},
    wait::{free_port, wait_until},
};

fn simulate(server: u16, graph: u16, key: &str, more: &[&str]) -> Process {
    let webhooks = format!("http://127.0.0.1:{server}/webhooks/whatsapp");
    let (graph, server) = (graph.to_string(), format!("http://127.0.0.1:{server}"));
    let arguments = [
        "simulate",
        "--webhook-url",
        &webhooks,
        "--port",
        &graph,
        "--api",
        &server,
    ];
    Process::spawn(command(
        MAINSTAY,
        &[&arguments, more].concat(),
        &[("MAINSTAY_API_KEY", key)],
    ))
}

/// Ends it as Ctrl-C does.
async fn ended(mut simulated: Process) {
    simulated.send("INT");
    assert_eq!(simulated.exit_code().await, Some(0), "{}", simulated.output());
    assert!(simulated.output().contains("messages sent"), "{}", simulated.output());
}

#[tokio::test]
async fn a_server_set_up_by_the_readme_sends_through_the_simulated_meta_and_customers_write_to_it() {
    if !has(&["openssl"]) {
        return;
    }
    let (folder, server, graph) = (Folder::new("simulate"), free_port(), free_port());
    let mut simulated = simulate(server, graph, "", &[]);
    let exports = simulated.wait_for_line("export GRAPH_BASE_URL=").await;
    simulated.wait_for_line("waiting for").await;
    let setting_up = blocks("Run it").into_iter().find(|block| block.contains("master.key"));
    let setting_up = setting_up
        .expect("the README sets a server up")
        .replace("\nmainstay serve", "\nexec mainstay serve");
    let environment = environment(&[("PORT", &server.to_string()), ("MAINSTAY_DISK_FREE_MB", "0")]);
    let mut serving = shell(&format!("{exports}\n{setting_up}"), folder.path(), &environment);
    let key = serving.wait_for_line("API key").await;
    let key = key
        .split_whitespace()
        .find(|word| word.starts_with("mk_"))
        .expect("it is shown");
    serving.wait_until_live(server).await;
    simulated.wait_for_line("has answered the handshake").await;

    let api = Api::new(&format!("http://127.0.0.1:{server}/api/v1"), key);
    let mut contact = Value::Null;
    wait_until(DEADLINE, "a customer writes", async || {
        let events = api.get("/events?type=message.received").await;
        contact = events["data"][0]["data"]["message"]["contact_id"].clone();
        contact.is_string()
    })
    .await;
    let channels = api.get("/channels").await;
    let message = json!({
        "channel_id": channels["data"][0]["id"], "to": { "contact_id": contact },
        "type": "text", "text": { "body": "Good morning!" },
    });
    let sent = api.post("/messages", &message).await;
    api.wait_until_delivered(sent["id"].as_str().unwrap_or_else(|| panic!("{sent:#}")))
        .await;
    ended(simulated).await;

    // Another Meta, whose customers are answered.
    let simulated = simulate(server, graph, key, &["--answer", "--rate", "5"]);
    let summary = format!("http://127.0.0.1:{graph}/_sim/summary");
    wait_until(DEADLINE, "a customer is answered", async || {
        let Ok(answer) = reqwest::get(&summary).await else {
            return false;
        };
        let summary: Value = answer.json().await.unwrap_or_default();
        summary["accepted"].as_u64().is_some_and(|accepted| accepted > 0)
    })
    .await;
    ended(simulated).await;

    let mut simulated = simulate(server, graph, "", &["--verify-token", "another"]);
    simulated.wait_for_line("is META_VERIFY_TOKEN as printed above?").await;
    let mut second = simulate(server, graph, "", &[]);
    assert_eq!(second.exit_code().await, Some(1), "{}", second.output());
    assert!(
        second.output().contains("choose another port with --port"),
        "{}",
        second.output()
    );
    ended(simulated).await;
    assert_eq!(serving.terminate().await, Some(0), "{}", serving.output());
}
