use std::time::Duration;

use axum::{body::Body, http::Request};
use bytes::Bytes;
use mainstay::{
    config::Secret,
    crypto::Signer,
    domain::Ctx,
    inbound::intake::{Hints, Intake},
    tenancy::{self, NewChannel},
};
use mainstay_test_macros::both_databases;

use crate::support::{
    app::{APP_SECRET, TestApp},
    http::Client,
    wait::wait_until,
};

const STORED: &str = "SELECT COUNT(*) FROM raw_events";

#[tokio::test]
async fn the_handshake_echoes_the_challenge_to_whoever_knows_the_word() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    let ask = |mode: &str, token: &str| {
        format!("/webhooks/whatsapp?hub.mode={mode}&hub.verify_token={token}&hub.challenge=%3C115%20x")
    };
    let right = client.get(&ask("subscribe", "verify-me")).await.ok();
    assert_eq!(right.text(), "<115 x");
    assert_eq!(right.header("content-type"), Some("text/plain; charset=utf-8"));
    for wrong in [
        ask("subscribe", "verify-you"),
        ask("unsubscribe", "verify-me"),
        "/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=verify-me".to_owned(),
        "/webhooks/whatsapp".to_owned(),
    ] {
        assert_eq!(client.get(&wrong).await.problem(403), "handshake-refused", "{wrong}");
    }
    let closed = Client::of(&test.configured(|config| config.verify_token = None));
    let refused = closed
        .get("/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=&hub.challenge=1")
        .await;
    assert_eq!(refused.problem(403), "handshake-refused");
}

#[both_databases]
async fn only_what_is_signed_is_stored(test: TestApp) {
    let client = Client::of(&test.app);
    let post = |signature: Option<String>| {
        let mut request = Request::post("/webhooks/whatsapp");
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        client.send(request.body(Body::from("{\"a\":1}")).unwrap())
    };
    let right = Signer::new(APP_SECRET).header(b"{\"a\":1}");
    for wrong in [
        None,
        Some(String::new()),
        Some("sha256=zz".to_owned()),
        Some(right.replace("sha256=", "sha1=")),
        Some(Signer::new("another").header(b"{\"a\":1}")),
        Some(Signer::new(APP_SECRET).header(b"{\"a\":2}")),
    ] {
        assert_eq!(post(wrong.clone()).await.problem(403), "not-signed", "{wrong:?}");
    }
    assert_eq!(test.count(STORED).await, 0);
    let stored = post(Some(right)).await.ok();
    assert!(stored.body.is_empty());
    let (body,): (Vec<u8>,) = test.app.db.sql("SELECT body FROM raw_events", ()).one().await.unwrap();
    assert_eq!(body, b"{\"a\":1}");
}

#[both_databases]
async fn a_channel_with_a_secret_of_its_own_is_known_before_the_directory_is_read_again(test: TestApp) {
    let client = Client::of(&test.app);
    let new = NewChannel {
        phone_number_id: "200000000000001".to_owned(),
        waba_id: "200000000000002".to_owned(),
        access_token: Secret::new("EAAG-own"),
        app_secret: Some(Secret::new("a-secret-of-its-own")),
    };
    tenancy::add_channel(&test.registry, &Ctx::operator(test.tenant), new)
        .await
        .unwrap();
    client.webhook("{}", "a-secret-of-its-own").await.ok();
    let signer: (Option<mainstay::domain::TenantId>,) = test
        .app
        .db
        .sql("SELECT signer FROM raw_events", ())
        .one()
        .await
        .unwrap();
    assert_eq!(signer.0, Some(test.tenant));
}

#[tokio::test]
async fn a_body_too_large_is_refused_whether_or_not_it_says_so() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.configured(|config| config.limits.body_bytes = 1_024));
    assert_eq!(client.signed(&"x".repeat(1_025)).await.problem(413), "too-large");
    let pieces = |count: usize| {
        let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 64])));
        let signature = Signer::new(APP_SECRET).header("x".repeat(64 * count).as_bytes());
        let request = Request::post("/webhooks/whatsapp").header("x-hub-signature-256", signature);
        request.body(Body::from_stream(futures::stream::iter(pieces))).unwrap()
    };
    assert_eq!(client.send(pieces(17)).await.problem(413), "too-large");
    let announced = Request::post("/webhooks/whatsapp").header("content-length", "99999999999");
    let announced = client.send(announced.body(Body::empty()).unwrap()).await;
    assert_eq!(announced.problem(413), "too-large");
    assert_eq!(test.count(STORED).await, 0);
    client.send(pieces(16)).await.ok();
    client.signed(&"x".repeat(1_024)).await.ok();
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE LENGTH(body) = 1024")
            .await,
        2
    );
}

#[tokio::test]
async fn a_full_intake_is_answered_503_and_what_was_let_in_is_stored() {
    let test = TestApp::sqlite().await;
    let (hints, _) = Hints::channel();
    let app = test.rebuilt(|parts| {
        let (intake, _) = Intake::start(parts.db.clone(), parts.clock.clone(), 1, hints, Default::default());
        parts.intake = intake;
    });
    let client = Client::of(&app);
    let writer = test.app.db.begin().await.unwrap();
    let mut waiting = Vec::new();
    let full = loop {
        let client = client.clone();
        let mut sent = tokio::spawn(async move { client.signed("{}").await });
        match tokio::time::timeout(Duration::from_millis(50), &mut sent).await {
            Ok(answer) => break answer.unwrap(),
            Err(_) => waiting.push(sent),
        }
        assert!(waiting.len() < 10, "the intake takes more than its backlog");
    };
    assert_eq!(full.problem(503), "not-stored");
    assert_eq!(full.header("retry-after"), Some("1"));
    drop(writer);
    let let_in = waiting.len() as i64;
    for sent in waiting {
        sent.await.unwrap().ok();
    }
    assert_eq!(test.count(STORED).await, let_in);
}

#[tokio::test]
async fn a_database_that_is_gone_is_answered_503() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    client.signed("{}").await.ok();
    test.app.db.close().await;
    let gone = client.signed("{}").await;
    assert_eq!(gone.problem(503), "not-stored");
    assert_eq!(gone.header("retry-after"), Some("5"));
}

#[tokio::test]
async fn what_is_refused_is_counted_by_its_reason() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    let counted = async |reason: &str| {
        let metrics = client.get("/metrics").await.ok().text();
        let name = format!("mainstay_webhooks_rejected_total{{reason=\"{reason}\"}} ");
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&name).map(str::to_owned));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    let before = counted("bad_signature").await;
    client.webhook("{}", "another").await.problem(403);
    wait_until(Duration::from_secs(5), "the refusal is counted", async || {
        counted("bad_signature").await > before
    })
    .await;
    client.signed("{}").await.ok();
    let metrics = client.get("/metrics").await.ok().text();
    assert!(
        metrics.contains("mainstay_webhook_acknowledge_seconds_count"),
        "{metrics}"
    );
}
