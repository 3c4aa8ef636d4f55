//! Who sees metrics and the details of health.

use mainstay::{
    config::{Config, Secret},
    http,
};

use super::server::Server;
use crate::support::{
    app::TestApp,
    http::{ADMIN, Client},
};

const TOKEN: &str = "metrics-token-for-tests";

fn public(config: &mut Config) {
    config.listen = "0.0.0.0:8080".parse().unwrap();
    config.limits.disk_free_mb = 0;
}

#[tokio::test]
async fn on_a_public_address_they_take_a_token() {
    let test = TestApp::sqlite().await;
    let app = test.configured(|config| {
        public(config);
        config.metrics_token = Some(Secret::new(TOKEN));
    });
    let client = Client::of(&app);
    for path in ["/metrics", "/health"] {
        assert_eq!(client.get(path).await.problem(401), "unauthorized");
        assert_eq!(client.with("wrong").get(path).await.problem(401), "unauthorized");
        client.with(TOKEN).get(path).await.ok();
        client.with(ADMIN).get(path).await.ok();
    }
    client.get("/health/live").await.ok();
    let terse = client.get("/health/ready").await.ok().json();
    assert_eq!(terse, serde_json::json!({ "status": "ok" }));
    let whole = client.with(TOKEN).get("/health/ready").await.ok().json();
    assert_eq!(whole["checks"]["database"]["status"], "ok", "{whole}");
    assert_eq!(
        client.with(TOKEN).get("/admin/tenants").await.problem(401),
        "unauthorized",
        "it opens nothing else"
    );
}

#[tokio::test]
async fn without_any_token_they_are_closed_there_and_open_on_loopback_and_on_a_port_of_their_own() {
    let test = TestApp::sqlite().await;
    let app = test.configured(|config| {
        public(config);
        config.admin_token = None;
    });
    let closed = Client::of(&app).get("/metrics").await;
    assert_eq!(closed.problem(403), "metrics-closed");
    assert!(closed.text().contains("MAINSTAY_METRICS_TOKEN"));
    let own = Client::to(http::metrics_router(app));
    own.get("/metrics").await.ok();
    own.get("/health").await.ok();
    assert_eq!(own.get("/api/v1/channels").await.problem(404), "no-such-route");
    Client::of(&test.app).get("/metrics").await.ok();

    let told = test.configured(|config| config.metrics_token = Some(Secret::new(TOKEN)));
    assert_eq!(
        Client::of(&told).get("/metrics").await.problem(401),
        "unauthorized",
        "a token is asked for everywhere"
    );
    assert_eq!(
        Client::to(http::metrics_router(told))
            .get("/metrics")
            .await
            .problem(401),
        "unauthorized"
    );
}

#[tokio::test]
async fn they_may_have_an_address_of_their_own() {
    let mut own = Server::start(|config| config.metrics_listen = Some("127.0.0.1:0".parse().unwrap())).await;
    own.address = own.running.metrics_address.expect("it listens there");
    assert!(own.get("/metrics").await.starts_with("HTTP/1.1 200 "));
    assert!(own.get("/health").await.starts_with("HTTP/1.1 200 "));
    assert!(own.get("/admin/tenants").await.starts_with("HTTP/1.1 404 "));
    own.running.stop().await;
}
