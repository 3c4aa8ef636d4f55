//! A whole installation delivers to the receivers of the page.

use mainstay::config;
use serde_json::{Value, json};

use super::{
    URI,
    page::{Installed, Receiver},
};
use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app,
        databases::{migrated_postgres, migrated_sqlite},
        folder::Folder,
        http::Client,
        servers::shared_redis_url,
        wait::{free_port, wait_until},
    },
};

/// An installation whose tenants may have receivers on this machine.
async fn start(url: &str, folder: Folder, redis: Option<config::RedisConfig>) -> World {
    let mut config = app::config(url);
    config.redis = redis;
    config.egress = config::EgressPolicy {
        plain_http: true,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
    };
    World::start(config, folder, |_| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receivers_of_the_page_take_what_an_embedded_installation_delivers() {
    let folder = Folder::new("endpoints");
    let url = migrated_sqlite(&folder).await;
    deliver_to_the_page(start(&url, folder, None).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receivers_of_the_page_take_what_a_distributed_installation_delivers() {
    let redis = config::RedisConfig {
        url: config::Secret::new(shared_redis_url()),
        prefix: format!("t_{}", uuid::Uuid::now_v7().simple()),
    };
    let folder = Folder::new("endpoints");
    let url = migrated_postgres(&folder).await;
    deliver_to_the_page(start(&url, folder, Some(redis)).await).await;
}

async fn deliver_to_the_page(world: World) {
    let mut places = Vec::new();
    let installed = Installed::all().await;
    for installed in installed.iter() {
        let port = free_port();
        let body = json!({ "url": format!("http://127.0.0.1:{port}/hooks"), "event_types": ["message.received"], "ordered": true });
        let added = world.client.post(URI, body).await;
        assert_eq!(added.status.as_u16(), 201, "{}", added.text());
        let uri = format!("{URI}/{}", added.json()["id"].as_str().unwrap());
        let secret = world.client.get(&format!("{uri}/secret")).await.ok().json();
        // The receiver knows the first secret only; from now on two sign.
        world
            .client
            .post(&format!("{uri}/secret/rotate"), Value::Null)
            .await
            .ok();
        let receiver = installed.start(secret["secret"].as_str().unwrap(), port).await;
        places.push((uri, receiver));
    }
    world.customer(0).await;
    for (uri, receiver) in &places {
        let tested = world.client.post(&format!("{uri}/test"), Value::Null).await;
        assert_eq!(tested.status.as_u16(), 202, "{}", tested.text());
        let id = tested.json()["delivery_id"].as_str().unwrap().to_owned();
        took(&world.client, &id).await;
        heard(receiver, "endpoint.test").await;
        let received = format!("{uri}/deliveries?event_type=message.received");
        let received = world.client.get(&received).await.ok().json();
        let id = received["data"][0]["id"].as_str().expect("a customer wrote").to_owned();
        let delivery = took(&world.client, &id).await;
        heard(receiver, "Are you open today?").await;
        let request = &delivery["requests"][0];
        assert_eq!(
            (&request["number"], &request["outcome"], &request["http_status"]),
            (&json!(1), &json!("succeeded"), &json!(200))
        );
        assert!(
            request["duration_ms"].as_f64().unwrap() > 0.0 && request["error"].is_null(),
            "{delivery}"
        );
        // Once more, for a receiver that knows it already.
        let again = world
            .client
            .post(&format!("/api/v1/deliveries/{id}/retry"), Value::Null)
            .await;
        assert_eq!(again.status.as_u16(), 202, "{}", again.text());
        wait_until(DEADLINE, "it is delivered again", async || {
            took(&world.client, &id).await["attempts"] == 2
        })
        .await;
        let stats = world.client.get(&format!("{uri}/stats")).await.ok().json();
        assert_eq!(
            (&stats["attempts"], &stats["success_rate"]),
            (&json!(3), &json!(1.0)),
            "{stats}"
        );
        assert!(
            stats["p50_ms"].as_f64() <= stats["p99_ms"].as_f64() && stats["last_success_at"].is_string(),
            "{stats}"
        );
        let output = receiver.process.output();
        assert_eq!(output.matches("message.received").count(), 1, "{output}");
    }
    world.end().await;
}

/// Waits until the endpoint took it.
async fn took(client: &Client, id: &str) -> Value {
    let mut last = Value::Null;
    wait_until(DEADLINE, "the delivery is done", async || {
        last = client.get(&format!("/api/v1/deliveries/{id}")).await.ok().json();
        last["state"] == "done"
    })
    .await;
    last
}

async fn heard(receiver: &Receiver, words: &str) {
    wait_until(DEADLINE, words, async || receiver.process.output().contains(words)).await;
}
