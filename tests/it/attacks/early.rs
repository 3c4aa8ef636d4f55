//! Requests that are answered before their bodies are read.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::server::{DEADLINE, Server};

/// The head of an answer, and of its body as much as the length it names.
async fn answer(stream: &mut TcpStream) -> String {
    let read = async {
        let mut read = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
                    return text;
                }
            }
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "ended after {text:?}");
        }
    };
    tokio::time::timeout(DEADLINE, read).await.expect("it is answered")
}

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test]
async fn the_body_of_a_refused_request_may_come_later_and_the_connection_stays() {
    let server = Server::start(|_| {}).await;
    let mut stream = server.connect().await;
    // 401, 404, 405, and a webhook without its signature: none of them asks for the body.
    let refused = [
        ("/api/v1/messages", 401),
        ("/nowhere", 404),
        ("/api/v1/channels", 405),
        ("/webhooks/whatsapp", 403),
    ];
    for (path, status) in refused.into_iter().cycle().take(40) {
        stream.write_all(head(path, 70_000).as_bytes()).await.unwrap();
        // The first packet arrives, and is looked at, by itself.
        tokio::task::yield_now().await;
        stream.write_all(&[b' '; 70_000]).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(!answer.to_lowercase().contains("connection: close"), "{path}: {answer}");
    }
    server.running.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_long_or_does_not_come_ends_the_connection_and_the_answer_says_so() {
    let server = Server::start(|_| {}).await;
    let waits_to_be_asked = "POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    for (head, sent) in [
        (head("/nowhere", 20_000_000), 0),
        (head("/nowhere", 1_000), 999),
        (waits_to_be_asked.to_owned(), 0),
    ] {
        let mut stream = server.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; sent]).await.unwrap();
        let begun = tokio::time::Instant::now();
        let answer = answer(&mut stream).await;
        assert!(begun.elapsed() < Duration::from_secs(8));
        assert!(answer.starts_with("HTTP/1.1 404"), "{head}: {answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{head}: {answer}");
        let rest = stream.read(&mut [0; 16]).await;
        assert!(matches!(rest, Ok(0) | Err(_)), "{rest:?}");
    }
    server.running.stop().await;
}

#[tokio::test]
async fn a_request_has_one_host() {
    let server = Server::start(|_| {}).await;
    for (head, expected) in [
        ("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        ("GET /health/live HTTP/1.0\r\n\r\n", 200),
        ("GET /health/live HTTP/1.1\r\n\r\n", 400),
        ("GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET /health/live HTTP/1.0\r\nHost: x\r\nhost: x\r\n\r\n", 400),
    ] {
        let mut stream = server.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        let status = answer.split(' ').nth(1).unwrap();
        assert_eq!(status, expected.to_string(), "{head:?}: {answer}");
    }
    server.running.stop().await;
}

#[tokio::test]
async fn a_pooled_client_gets_an_answer_to_every_request_that_is_refused() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let server = Server::start(|_| {}).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/api/v1/messages", server.address);
    for (n, length) in [100, 30_000, 70_000, 300_000].into_iter().cycle().take(200).enumerate() {
        let post = client.post(&url).header("content-type", "application/json");
        let answer = post.bearer_auth("mk_wrong").body(vec![b' '; length]).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("request {n} of {length} bytes: {error:?}"));
        assert_eq!(answer.status().as_u16(), 401);
        answer.bytes().await.unwrap();
    }
    server.running.stop().await;
}
