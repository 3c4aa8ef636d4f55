//! Guesses of the operator's token.

use axum::{body::Body, http::Request};
use mainstay::http::Peer;

use crate::support::{
    app::TestApp,
    http::{ADMIN, Answer, Client},
};

async fn ask(client: &Client, from: &str, forwarded: Option<&str>, token: &str) -> Answer {
    let mut request = Request::get("/admin/tenants").header("authorization", format!("Bearer {token}"));
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(from.parse().unwrap()));
    client.send(request).await
}

async fn wrong_tokens(client: &Client, kind: &str) -> f64 {
    let metrics = client.get("/metrics").await.ok().text();
    let name = format!("mainstay_wrong_tokens_total{{kind=\"{kind}\"}} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
    value.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn whoever_guesses_is_refused_and_nobody_else() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    let before = wrong_tokens(&client, "admin").await;
    for n in 0..10 {
        let guess = ask(&client, "192.0.2.1", None, &format!("a-guess-of-the-token-{n}")).await;
        assert_eq!(guess.problem(401), "unauthorized");
    }
    let refused = ask(&client, "192.0.2.1", None, "another-guess-of-it").await;
    assert_eq!(refused.problem(429), "too-many-guesses");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait));
    assert_eq!(
        ask(&client, "192.0.2.1", None, ADMIN).await.problem(429),
        "too-many-guesses",
        "nothing is compared"
    );
    ask(&client, "192.0.2.2", None, ADMIN).await.ok();
    assert!(wrong_tokens(&client, "admin").await >= before + 10.0);
    assert_eq!(refused.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn behind_a_proxy_the_client_counts_and_without_one_the_header_does_not() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    for n in 0..11 {
        ask(
            &client,
            "127.0.0.1",
            Some("203.0.113.1, 198.51.100.1"),
            &format!("wrong-{n}"),
        )
        .await;
    }
    assert_eq!(
        ask(&client, "127.0.0.1", Some("198.51.100.1"), ADMIN)
            .await
            .problem(429),
        "too-many-guesses"
    );
    ask(&client, "127.0.0.1", Some("203.0.113.1"), ADMIN).await.ok();
    ask(&client, "127.0.0.1", None, ADMIN).await.ok();
    for n in 0..11 {
        ask(&client, "192.0.2.9", Some(&format!("198.51.100.{n}")), "wrong").await;
    }
    assert_eq!(
        ask(&client, "192.0.2.9", None, ADMIN).await.problem(429),
        "too-many-guesses"
    );
}

#[tokio::test]
async fn many_who_guess_lock_out_nobody_who_did_not() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    for n in 0..150 {
        ask(&client, &format!("198.51.100.{n}"), None, "wrong").await;
    }
    assert_eq!(
        ask(&client, "198.51.100.7", None, "wrong").await.problem(429),
        "too-many-guesses",
        "one guess each"
    );
    ask(&client, "192.0.2.77", None, ADMIN).await.ok();
}

#[tokio::test]
async fn wrong_api_keys_are_counted() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    let before = wrong_tokens(&client, "api_key").await;
    for n in 0..20 {
        let guess = client.with(&format!("mk_guess{n}")).get("/api/v1/channels").await;
        assert_eq!(guess.problem(401), "unauthorized");
    }
    Client::tenant(&test).get("/api/v1/channels").await.ok();
    assert!(wrong_tokens(&client, "api_key").await >= before + 20.0);
}
