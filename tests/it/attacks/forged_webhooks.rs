//! Large webhooks with signatures of nobody's, beside genuine ones.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use axum::{body::Body, http::Request};
use bytes::Bytes;
use mainstay::{
    config::Secret,
    crypto::Signer,
    domain::{Ctx, Quota},
    tenancy::{self, NewChannel},
};
use mainstay_test_macros::both_databases;

use crate::support::{
    app::TestApp,
    http::{Answer, Client},
    webhook::{ANA, T0, message, to},
};

const SECRETS: usize = 200;
const FORGERS: usize = 8;
const GENUINE: usize = 24;
/// Before, a genuine webhook waited for eight forgeries of 400 secrets each: 7 s.
const QUICK: Duration = Duration::from_millis(500);

fn secret(n: usize) -> String {
    format!("the-secret-of-app-{n}")
}

fn number(n: usize) -> String {
    format!("4000000000{n:05}")
}

async fn channels(test: &TestApp) {
    let room = [(Quota::Channels, Some(SECRETS as i64 + 1))];
    tenancy::set_quotas(&test.registry, test.tenant, &room).await.unwrap();
    for n in 0..SECRETS {
        let new = NewChannel {
            phone_number_id: number(n),
            waba_id: format!("5000000000{n:05}"),
            access_token: Secret::new("EAAG-own"),
            app_secret: Some(Secret::new(secret(n))),
        };
        tenancy::add_channel(&test.registry, &Ctx::operator(test.tenant), new)
            .await
            .unwrap();
    }
    test.app.directory.refresh().await.unwrap();
}

async fn forge(client: &Client, body: &Bytes) -> Answer {
    let request =
        Request::post("/webhooks/whatsapp").header("x-hub-signature-256", format!("sha256={}", "0".repeat(64)));
    client.send(request.body(Body::from(body.clone())).unwrap()).await
}

/// Genuine: small ones, and every fourth of a megabyte.
fn genuine(n: usize) -> String {
    let content = serde_json::json!({ "type": "text", "text": { "body": "hello" } });
    let mut body = to(&number(n), "messages", message(ANA, &format!("wamid.{n}"), T0, content)).to_string();
    if n % 4 == 3 {
        body.push_str(&" ".repeat(1_000_000));
    }
    body
}

#[both_databases]
async fn genuine_webhooks_are_quick_beside_large_forgeries(test: TestApp) {
    channels(&test).await;
    let client = Client::of(&test.app);
    let forgery = Bytes::from(vec![b' '; 3 * 1024 * 1024]);
    let (over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let forger = async || {
        while !over.load(Ordering::Relaxed) {
            assert_eq!(forge(&client, &forgery).await.problem(403), "not-signed");
            refused.fetch_add(1, Ordering::Relaxed);
        }
    };
    let measure = async || {
        let mut took = Vec::new();
        // Not before the forgers are at it.
        for n in (0..SECRETS).step_by(SECRETS / GENUINE).take(GENUINE) {
            let body = genuine(n);
            let signature = Signer::new(&secret(n)).header(body.as_bytes());
            let request = Request::post("/webhooks/whatsapp").header("x-hub-signature-256", signature);
            let began = Instant::now();
            client.send(request.body(Body::from(body)).unwrap()).await.ok();
            took.push(began.elapsed());
        }
        over.store(true, Ordering::Relaxed);
        took.sort_unstable();
        took
    };
    let forgers = futures::future::join_all((0..FORGERS).map(|_| forger()));
    let (_, took) = tokio::join!(forgers, measure());
    println!(
        "genuine beside forgers: p50 {:?}, most {:?}",
        took[GENUINE / 2],
        took[GENUINE - 1]
    );
    assert!(took[GENUINE * 3 / 4] < QUICK, "{took:?}");
    assert!(refused.load(Ordering::Relaxed) >= FORGERS);
    let (stored,): (i64,) = test
        .app
        .db
        .sql("SELECT COUNT(*) FROM raw_events", ())
        .one()
        .await
        .unwrap();
    assert_eq!(stored, GENUINE as i64);
}

#[tokio::test]
async fn forgeries_beyond_what_may_wait_are_told_to_come_again() {
    let test = TestApp::sqlite().await;
    channels(&test).await;
    let client = Client::of(&test.app);
    let forgery = Bytes::from(vec![b' '; 1024 * 1024]);
    let answers = futures::future::join_all((0..200).map(|_| forge(&client, &forgery))).await;
    let refused = |status: u16| answers.iter().filter(|it| it.status.as_u16() == status).count();
    assert_eq!(refused(403) + refused(503), 200);
    assert!(refused(503) > 0, "the line has an end");
    let busy = answers.iter().find(|it| it.status.as_u16() == 503).unwrap();
    assert_eq!(
        (busy.problem(503).as_str(), busy.header("retry-after")),
        ("not-stored", Some("1"))
    );
    let body = genuine(1);
    client.webhook(&body, &secret(1)).await.ok();
}
