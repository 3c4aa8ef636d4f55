//! Clients that are slow, and clients that are many.

use std::time::Duration;

use mainstay::config::{Config, ConnectionTimeouts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use super::server::{DEADLINE, Server, rest};
use crate::support::wait::wait_until;

const SHORT: Duration = Duration::from_millis(300);
const CLOSED: &str = "mainstay_connections_closed_total";

/// Writes a byte every few milliseconds until the server closes the connection.
async fn trickle(stream: &mut TcpStream, first: &str) {
    let began = Instant::now();
    stream.write_all(first.as_bytes()).await.unwrap();
    let mut byte = [0; 1];
    loop {
        assert!(began.elapsed() < DEADLINE, "a trickle is not waited for");
        let step = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut byte)).await;
        match step {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(_)) => {}
            Err(_) if stream.write_all(b"x").await.is_err() => return,
            Err(_) => {}
        }
    }
}

fn pace(change: impl FnOnce(&mut ConnectionTimeouts)) -> impl FnOnce(&mut Config) {
    |config| change(&mut config.connections.timeouts)
}

#[tokio::test]
async fn a_head_that_trickles_is_not_waited_for() {
    let server = Server::start(pace(|pace| pace.head = SHORT)).await;
    let reason = format!("{CLOSED}{{reason=\"slow_head\"}}");
    let before = server.metric(&reason).await;
    // The first on its connection, and one after an answer.
    trickle(&mut server.connect().await, "GET /health/live HTTP/1.1\r\nHost: ").await;
    trickle(
        &mut server.connect().await,
        "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\nHost: ",
    )
    .await;
    assert_eq!(
        rest(&mut server.connect().await).await,
        "",
        "a connection without a byte is closed too"
    );
    assert!(server.metric(&reason).await >= before + 2.0);
    server.running.stop().await;
}

#[tokio::test]
async fn a_connection_that_idles_is_closed_and_one_that_is_used_is_not() {
    let server = Server::start(pace(|pace| pace.idle = SHORT)).await;
    let mut used = server.connect().await;
    let (mut began, mut asked) = (Instant::now(), Instant::now());
    while began.elapsed() < 3 * SHORT {
        let mut answer = [0; 4096];
        let asking = async {
            used.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await?;
            used.read(&mut answer).await
        };
        match asking.await {
            Ok(length) if length > 0 => assert!(answer[..length].starts_with(b"HTTP/1.1 200 ")),
            // This machine was too busy to use it in time.
            _ if asked.elapsed() >= SHORT => (used, began) = (server.connect().await, Instant::now()),
            closed => panic!("it was closed though it was used: {closed:?}"),
        }
        asked = Instant::now();
    }
    rest(&mut used).await;
    assert!(server.metric(&format!("{CLOSED}{{reason=\"idle\"}}")).await >= 1.0);
    server.running.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let server = Server::start(pace(|pace| pace.body = SHORT)).await;
    let head = "POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\nX-Hub-Signature-256: sha256=";
    trickle(
        &mut server.connect().await,
        &format!("{head}{}\r\n\r\n{{", "0".repeat(64)),
    )
    .await;
    assert!(server.metric(&format!("{CLOSED}{{reason=\"slow_body\"}}")).await >= 1.0);
    server.running.stop().await;
}

#[tokio::test]
async fn answers_that_nobody_takes_are_not_kept() {
    let server = Server::start(pace(|pace| pace.answer = SHORT)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    // Pipelined until the server takes no more: what it would have to answer is bounded by its buffers, not by what is asked.
    let request = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let closed = async { while stream.write_all(&request).await.is_ok() {} };
    tokio::time::timeout(DEADLINE, closed)
        .await
        .expect("the connection is closed");
    assert!(server.metric(&format!("{CLOSED}{{reason=\"slow_reader\"}}")).await >= 1.0);
    server.running.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_but_steadily_arrives_whole() {
    let server = Server::start(pace(|pace| pace.answer = Duration::from_secs(1))).await;
    let whole = server.get("/api/openapi.json").await.len();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let (mut read, mut piece) = (0, [0; 16 * 1024]);
    loop {
        let length = stream.read(&mut piece).await.unwrap();
        if length == 0 {
            break;
        }
        read += length;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(read.abs_diff(whole) < 100, "{read} of {whole}");
    server.running.stop().await;
}

/// A request that keeps its connection busy: the server waits for the rest of its body.
async fn busy(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    let head = "POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\nX-Hub-Signature-256: sha256=";
    stream
        .write_all(format!("{head}{}\r\n\r\n", "0".repeat(64)).as_bytes())
        .await
        .unwrap();
    let mut line = [0; 25];
    // The server says so once it reads the body.
    stream.read_exact(&mut line).await.unwrap();
    stream
}

#[tokio::test]
async fn connections_beyond_the_limits_are_refused_and_health_is_answered() {
    for (most, per_address) in [(16, None), (100, Some(16))] {
        let server = Server::start(|config| {
            config.connections.max = most;
            config.connections.per_address = per_address;
            config.connections.proxies = Vec::new();
        })
        .await;
        let mut held = Vec::new();
        for _ in 0..16 {
            held.push(busy(&server).await);
        }
        let refused = server.get("/api/v1/channels").await;
        assert!(
            refused.starts_with("HTTP/1.1 503 ") && refused.contains("too-many-connections"),
            "{refused}"
        );
        assert!(
            refused.to_lowercase().contains("retry-after: 1") && refused.contains("connection: close"),
            "{refused}"
        );
        assert!(server.get("/health/live").await.starts_with("HTTP/1.1 200 "));
        drop(held);
        wait_until(DEADLINE, "there is room again", async || {
            server.get("/api/v1/channels").await.starts_with("HTTP/1.1 401 ")
        })
        .await;
        let reason = if per_address.is_some() { "address" } else { "most" };
        let refused = format!("mainstay_connections_refused_total{{reason=\"{reason}\"}}");
        assert!(server.metric(&refused).await >= 1.0);
        server.running.stop().await;
    }
}

#[tokio::test]
async fn half_heads_and_idle_connections_make_room() {
    let server = Server::start(|config| config.connections.max = 16).await;
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        held.push(stream);
    }
    assert!(
        server.get("/api/v1/channels").await.starts_with("HTTP/1.1 401 "),
        "a whole request is answered as ever"
    );
    assert!(server.metric("mainstay_connections_open").await <= 17.0);
    assert!(server.metric(&format!("{CLOSED}{{reason=\"room\"}}")).await >= 100.0);
    server.running.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let server = Server::start(|_| {}).await;
    let long = server
        .say(format!(
            "GET / HTTP/1.1\r\nHost: x\r\nx-long: {}\r\n\r\n",
            "y".repeat(20_000)
        ))
        .await;
    assert!(long.is_empty() || long.starts_with("HTTP/1.1 431 "), "{long}");
    let fits = server.say(format!(
        "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-long: {}\r\n\r\n",
        "y".repeat(12_000)
    ));
    assert!(fits.await.starts_with("HTTP/1.1 200 "));
    server.running.stop().await;
}

#[tokio::test]
async fn the_end_waits_for_no_idle_connection() {
    let server = Server::start(|_| {}).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    let began = Instant::now();
    server.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(rest(&mut idle).await, "");
}
