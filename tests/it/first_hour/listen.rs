//! `mainstay listen`: events of a server for a program that it cannot reach.

use mainstay::crypto::{WebhookSecret, standard_webhooks};
use mainstay_sim::{Shape, SimConfig, Simulator};
use serde_json::Value;

use super::shell::{Api, DEADLINE};
use crate::{
    deliveries::receiver::{Receiver, Reply, Request},
    support::{
        deployment::Deployment,
        process::{MAINSTAY, Process, command},
        wait::wait_until,
    },
};

/// That a request is signed as those to endpoints are.
pub fn verify(secret: &str, request: &Request) {
    let secret = WebhookSecret::parse(secret).expect("it is a secret");
    let timestamp = &request.headers[standard_webhooks::TIMESTAMP];
    let at = chrono::DateTime::from_timestamp(timestamp.parse().unwrap(), 0).unwrap();
    let signed = standard_webhooks::sign([&secret], request.id(), at, request.body.as_bytes());
    assert_eq!(request.headers[standard_webhooks::SIGNATURE], signed.signature);
    assert_eq!(request.headers["content-type"], "application/json");
}

async fn key(deployment: &Deployment, tenant: &str) -> String {
    let made = deployment
        .operate(&["key", "create", "--tenant", tenant, "--scopes", "events"])
        .await;
    made["api_key"].as_str().expect("it is shown once").to_owned()
}

async fn write(simulator: &Simulator, text: &str) {
    let webhook = simulator
        .write(0, Shape::Text, Some(text))
        .expect("there is a customer");
    simulator.deliver(webhook).await;
}

/// Every event there is, once as many messages as that were received.
async fn events(api: &Api, messages: usize) -> Vec<Value> {
    let mut events = Vec::new();
    wait_until(DEADLINE, "the messages are events", async || {
        let page = api.get("/events?limit=200").await;
        events = page["data"].as_array().cloned().unwrap_or_default();
        events
            .iter()
            .filter(|event| event["type"] == "message.received")
            .count()
            >= messages
    })
    .await;
    events
}

fn listen(api: &Api, receiver: &Receiver, more: &[&str]) -> Process {
    let forward = receiver.url();
    let server = api.base.trim_end_matches("/api/v1");
    let arguments = [&["--json", "listen", "--forward", &forward, "--api", server], more].concat();
    Process::spawn(command(MAINSTAY, &arguments, &[("MAINSTAY_API_KEY", &api.key)]))
}

/// Ends it as Ctrl-C does, and returns where to go on.
async fn ended(mut listening: Process) -> i64 {
    listening.send("INT");
    assert_eq!(listening.exit_code().await, Some(0), "{}", listening.output());
    let output = listening.output();
    let last: Value = serde_json::from_str(output.lines().last().unwrap_or_default()).expect("it ends with JSON");
    let go_on = last["go_on"].as_str().expect("it says how to go on");
    assert!(
        go_on.starts_with("mainstay listen --forward 'http://") && go_on.contains("/api/v1' "),
        "{go_on}"
    );
    last["after"].as_i64().expect("it says where to go on")
}

#[tokio::test]
async fn every_event_is_passed_on_until_it_is_taken_and_listening_goes_on_where_it_ended() {
    let mut deployment = Deployment::embedded().await;
    deployment.start().await;
    let api = Api::new(&deployment.url("/api/v1"), &key(&deployment, "Acme").await);
    let simulator = deployment.simulator(SimConfig::default());
    write(&simulator, "before anybody listens").await;
    let before = events(&api, 1).await;

    let receiver = Receiver::doing(|_, before| match before {
        0 => Reply::status(500),
        1 => Reply::Close,
        _ => Reply::status(204),
    })
    .await;
    let mut listening = listen(&api, &receiver, &[]);
    let line = listening.wait_for_line("\"secret\"").await;
    let shown: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        shown["after"],
        before.last().unwrap()["sequence"],
        "it begins with what comes now"
    );
    write(&simulator, "one").await;
    write(&simulator, "two").await;
    let all = events(&api, 3).await;
    let expected = &all[before.len()..];
    wait_until(DEADLINE, "everything is passed on", async || {
        receiver.count() >= expected.len() + 2
    })
    .await;

    let requests = receiver.requests();
    let ids: Vec<&str> = requests.iter().map(Request::id).collect();
    assert_eq!((ids[0], ids[1]), (ids[2], ids[2]), "the first one was refused twice");
    for (request, event) in requests[2..].iter().zip(expected) {
        verify(shown["secret"].as_str().unwrap(), request);
        let body = request.json();
        assert_eq!(
            (request.id(), &body["type"]),
            (event["id"].as_str().unwrap(), &event["type"])
        );
        assert_eq!(
            (&body["data"], &body["timestamp"]),
            (&event["data"], &event["occurred_at"])
        );
    }
    let first = listening.wait_for_line("\"status\":500").await;
    assert!(first.contains("\"again_in_seconds\":1"), "{first}");

    // The server goes away for a while, and it is killed.
    deployment.kill_api().await;
    listening.wait_for_line("it is asked until it answers").await;
    deployment.start_api().await;
    let simulator = deployment.simulator(SimConfig {
        seed: 2,
        ..SimConfig::default()
    });
    write(&simulator, "three").await;
    let all = events(&api, 4).await;
    wait_until(DEADLINE, "it goes on", async || {
        receiver.count() >= all.len() - before.len() + 2
    })
    .await;
    let after = ended(listening).await;
    assert!(Some(after) >= all.last().unwrap()["sequence"].as_i64(), "{after}");

    write(&simulator, "while nobody listens").await;
    let all = events(&api, 5).await;
    let wanted = all
        .iter()
        .filter(|event| event["type"] == "message.received" && event["sequence"].as_i64() > Some(after));
    let wanted: Vec<&str> = wanted.map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(wanted.len(), 1);
    let receiver = Receiver::start().await;
    let from = after.to_string();
    let secret = WebhookSecret::generate();
    let more = [
        "--after",
        &from,
        "--types",
        "message.received",
        "--secret",
        secret.expose(),
    ];
    let listening = listen(&api, &receiver, &more);
    wait_until(DEADLINE, "what was missed comes", async || {
        receiver.count() == wanted.len()
    })
    .await;
    let ids: Vec<String> = receiver
        .requests()
        .iter()
        .map(|request| request.id().to_owned())
        .collect();
    assert_eq!(ids, wanted);
    verify(secret.expose(), &receiver.requests()[0]);
    ended(listening).await;
}

#[tokio::test]
async fn what_cannot_work_is_said_at_once() {
    let mut deployment = Deployment::embedded().await;
    deployment.start().await;
    let receiver = Receiver::start().await;
    let good = Api::new(&deployment.url("/api/v1"), &key(&deployment, "Acme").await);
    let wrong = Api::new(&good.base, "mk_wrong");
    for (api, more, says) in [
        (&wrong, &[][..], "401"),
        (
            &good,
            &["--types", "message.recieved"][..],
            "there is no event of type message.recieved",
        ),
        (&good, &["--secret", "sesame"][..], "not a webhook secret"),
    ] {
        let mut listening = listen(api, &receiver, more);
        assert_eq!(listening.exit_code().await, Some(1), "{}", listening.output());
        assert!(listening.output().contains(says), "{says}: {}", listening.output());
    }
    assert_eq!(receiver.count(), 0);
}
