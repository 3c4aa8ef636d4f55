//! Webhooks that nobody signed, and that take their time.

use tokio::io::AsyncWriteExt;

use super::server::{DEADLINE, Server, rest};
use crate::support::{app::APP_SECRET, wait::wait_until};

const BODY: usize = 2 * 1024 * 1024;
const ROOM: usize = 2 * 1024 * 1024;

fn head(length: usize, signature: &str) -> String {
    format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\nX-Hub-Signature-256: {signature}\r\n\r\n"
    )
}

#[tokio::test]
async fn unverified_bodies_are_bounded_together() {
    let server = Server::start(|config| config.connections.unverified_bytes = ROOM).await;
    let forged = format!("sha256={}", "0".repeat(64));
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(head(BODY, &forged).as_bytes()).await.unwrap();
        // A buffer that grows takes room for up to twice of what arrived.
        stream.write_all(&vec![b' '; ROOM / 5]).await.unwrap();
        held.push(stream);
    }
    wait_until(DEADLINE, "their bytes have arrived", async || {
        server.metric("mainstay_unverified_bytes").await >= ROOM as f64 * 0.39
    })
    .await;
    let mut third = server.connect().await;
    third.write_all(head(BODY, &forged).as_bytes()).await.unwrap();
    third.write_all(&vec![b' '; ROOM * 9 / 10]).await.unwrap();
    let refused = rest(&mut third).await;
    assert!(
        refused.starts_with("HTTP/1.1 503 ") && refused.contains("not-stored"),
        "{refused}"
    );
    assert!(refused.to_lowercase().contains("retry-after:"), "{refused}");
    assert!(server.metric("mainstay_unverified_bytes").await <= ROOM as f64);
    assert!(
        server
            .metric("mainstay_webhooks_rejected_total{reason=\"no_room\"}")
            .await
            >= 1.0
    );

    // What Meta sends is small, and takes no room.
    let small = r#"{"object":"whatsapp_business_account","entry":[]}"#;
    let signed = |body: &str| mainstay::crypto::Signer::new(APP_SECRET).header(body.as_bytes());
    let answer = server.say(head(small.len(), &signed(small)) + small).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(held);
    let large = small.to_owned() + &" ".repeat(BODY - 1024);
    wait_until(DEADLINE, "there is room for a large one again", async || {
        let answer = server.say(head(large.len(), &signed(&large)) + &large).await;
        answer.starts_with("HTTP/1.1 200 ")
    })
    .await;
    wait_until(DEADLINE, "all is given back", async || {
        server.metric("mainstay_unverified_bytes").await == 0.0
    })
    .await;
    server.running.stop().await;
}
