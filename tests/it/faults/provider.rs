//! Meta's Graph API away and back, seen by an operator and by the one who sends. Nothing of ours is restarted.

use std::{net::SocketAddr, time::Duration};

use mainstay::meta::graph::errors;
use mainstay_sim::{Clock, Item, Shape, SimConfig, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{http::Client, ledgers::count};
use crate::support::{
    deployment::Deployment,
    wait::{free_port, wait_until},
};

const DEADLINE: Duration = Duration::from_secs(90);
const BEGINS: &str = "Meta does not answer";
const ENDS: &str = "Meta answers again";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_meta_is_told_once_and_its_message_is_sent_once_embedded() {
    an_outage_is_told(Deployment::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_meta_is_told_once_and_its_message_is_sent_once_distributed() {
    an_outage_is_told(Deployment::distributed().await).await;
}

async fn an_outage_is_told(mut deployment: Deployment) {
    let meta = SocketAddr::from(([127, 0, 0, 1], free_port()));
    deployment.set("GRAPH_BASE_URL", &format!("http://{meta}"));
    deployment.set("NO_COLOR", "");
    deployment.start().await;
    let mut config = SimConfig {
        clock: Clock::Wall,
        customers: 20,
        ..SimConfig::default()
    };
    config.graph.access_token = "EAAG-test".to_owned();
    let simulator = deployment.simulator(config);
    let created = deployment
        .operate(&["key", "create", "--tenant", "Acme", "--scopes", "read,write"])
        .await;
    let tenant = Client::of(&deployment).with(created["api_key"].as_str().expect("a key"));
    let operator = Client::of(&deployment);
    let phone = written(&deployment, &simulator).await;

    let channels = tenant.get("/api/v1/channels").await.body;
    let message = json!({
        "channel_id": channels["data"][0]["id"], "to": { "phone": phone }, "type": "text", "text": { "body": "In an outage" },
    });
    let id = tenant.post("/api/v1/messages", &message).await.body["id"].clone();
    let uri = format!("/api/v1/messages/{}", id.as_str().expect("it is accepted"));
    let shown = until(&tenant, &uri, "it was tried again", |it| {
        tries(it) >= 2 && it["held"] != Value::Null
    })
    .await;
    assert_eq!(
        (&shown["status"], &shown["held"]),
        (&json!("queued"), &json!("provider_unreachable")),
        "{shown:#}"
    );
    assert!(shown["next_attempt_at"].is_string(), "{shown:#}");
    assert_eq!(shown["attempts"][0]["outcome"], "not_sent", "{shown:#}");
    let jobs = "/admin/queues/outbound/jobs?state=scheduled";
    let jobs = until(&operator, jobs, "the job waits", |it| {
        it["data"][0]["attempts"].as_i64() >= Some(2)
    })
    .await;
    let why = jobs["data"][0]["last_error"].as_str().unwrap_or_default();
    assert!(why.starts_with("no connection to Meta"), "{jobs:#}");
    let health = until(&operator, "/health", "health tells of it", |it| {
        it["checks"]["provider"]["status"] == "degraded"
    })
    .await;
    assert_eq!(health["status"], "degraded", "{health:#}");
    assert!(health["checks"]["provider"]["since"].is_string(), "{health:#}");
    assert_eq!(
        operator.get("/health/ready").await.status,
        200,
        "webhooks are taken all the same"
    );
    wait_until(DEADLINE, "it is logged", async || lines(&deployment, BEGINS) > 0).await;

    // As it was, but for Meta.
    let listener = TcpListener::bind(meta).await.expect("the port is still free");
    let serving = simulator.clone();
    let serving = tokio::spawn(async move { serving.serve(listener).await });
    until(&tenant, &uri, "it is delivered", |it| {
        it["status"] == "delivered" || it["status"] == "read"
    })
    .await;
    let sent = simulator.graph().sends();
    let sent = sent
        .iter()
        .filter(|it| it.json()["text"]["body"] == "In an outage")
        .count();
    assert_eq!(sent, 1, "Meta was given it once");
    until(&operator, "/health", "health is well again", |it| {
        it["checks"]["provider"]["status"] == "ok"
    })
    .await;
    assert_eq!(
        (lines(&deployment, BEGINS), lines(&deployment, ENDS)),
        (1, 1),
        "{}",
        deployment.worker_output()
    );
    assert!(
        !deployment.worker_output().contains('\u{1b}'),
        "colours are for terminals"
    );
    deployment.assert_running();
    serving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_meta_is_logged_with_its_code_and_the_words_of_our_table() {
    let mut deployment = Deployment::embedded().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    deployment.set(
        "GRAPH_BASE_URL",
        &format!("http://{}", listener.local_addr().expect("its address")),
    );
    let mut config = SimConfig::default();
    config.graph.access_token = "EAAG-of-another".to_owned();
    let simulator = deployment.simulator(config);
    let serving = tokio::spawn(async move { simulator.serve(listener).await });
    deployment.start().await;
    let line = |output: &str| {
        output
            .lines()
            .find(|it| it.contains("circuit breaker tripped"))
            .map(str::to_owned)
    };
    wait_until(DEADLINE, "the check finds the token invalid", async || {
        line(&deployment.worker_output()).is_some()
    })
    .await;
    let line = line(&deployment.worker_output()).expect("it was there");
    let entry = errors::entry(190);
    for part in ["error.code=190", entry.title, entry.advice] {
        assert!(line.contains(part), "{part}: {line}");
    }
    serving.abort();
}

/// Lets a customer write, so that they may be answered, and returns their number.
async fn written(deployment: &Deployment, simulator: &Simulator) -> String {
    let customers = simulator.customers();
    let place = customers
        .iter()
        .position(|it| !it.hides_phone)
        .expect("somebody shows their number");
    let webhook = simulator
        .write(place, Shape::Text, Some("Are you open?"))
        .expect("they write");
    assert!(
        matches!(webhook.items.first(), Some(Item::Message(_))),
        "{:?}",
        webhook.items
    );
    simulator.deliver(webhook).await;
    let db = deployment.db().await;
    wait_until(DEADLINE, "what they wrote is processed", async || {
        count(&db, "SELECT COUNT(*) FROM messages").await == 1
    })
    .await;
    db.close().await;
    customers[place].wa_id.clone()
}

/// Asks until the answer is so, and returns it.
async fn until(client: &Client, uri: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let waiting = wait_until(DEADLINE * 2, what, async || {
        last = client.get(uri).await.body;
        holds(&last)
    });
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        panic!("waited in vain until {what}: {last:#}");
    }
    last
}

fn tries(message: &Value) -> usize {
    message["attempts"].as_array().map_or(0, Vec::len)
}

/// The lines of the process that calls Meta which say this.
fn lines(deployment: &Deployment, part: &str) -> usize {
    let output = deployment.worker_output();
    output.lines().filter(|line| line.contains(part)).count()
}
