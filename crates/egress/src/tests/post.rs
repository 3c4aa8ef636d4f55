//! POST requests to misbehaving receivers.

use std::{io::ErrorKind, time::Duration};

use axum::{Router, body::Body, response::Redirect, routing::post};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{always, local_policy, serve};
use crate::{EgressClient, EgressPolicy, Error, PartialResponse, Post, PostOutcome, UrlRefused};

const MOST: usize = 100;

async fn send(egress: &EgressClient, url: &str, timeout: Duration) -> PostOutcome {
    let target = egress.check(url).unwrap();
    let post = Post {
        target: &target,
        headers: HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("mine"))]),
        body: Bytes::from_static(b"{}"),
        timeout,
        max_body_bytes: MOST,
    };
    egress.post(post).await
}

async fn ask(url: &str) -> PostOutcome {
    send(
        &EgressClient::new(local_policy()).unwrap(),
        url,
        Duration::from_secs(15),
    )
    .await
}

/// Serves one connection after the other by hand. The request is read once before the response begins.
async fn serve_by_hand<F: Future<Output = ()> + Send>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "the other side, for as long as the test runs")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let read = stream.read(&mut [0; 4_096]).await;
            assert!(read.is_ok());
            answer(stream).await;
        }
    });
    url
}

#[tokio::test]
async fn headers_and_body_arrive_and_every_status_is_returned_with_its_body() {
    let echo = |headers: HeaderMap, body: Bytes| async move {
        assert_eq!(body, "{}");
        let agent = headers["user-agent"].to_str().unwrap().to_owned();
        format!("{agent} {}", headers["etag"].to_str().unwrap())
    };
    let later = || async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")], "later") };
    let router = Router::new()
        .route("/ok", post(echo))
        .route("/later", post(later))
        .route(
            "/moved",
            post(|| async { Redirect::temporary("http://169.254.169.254/") }),
        )
        .route("/gone", post(|| async { StatusCode::GONE }));
    let address = serve(router).await;
    let reply = |status, retry_after: Option<&str>, body: &str| PartialResponse {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: body.as_bytes().to_vec(),
    };
    let agent = concat!("mainstay/", env!("CARGO_PKG_VERSION"), " mine");
    for (path, expected) in [
        ("ok", reply(200, None, agent)),
        ("later", reply(503, Some("7"), "later")),
        ("moved", reply(307, None, "")),
        ("gone", reply(410, None, "")),
    ] {
        let posted = ask(&format!("http://{address}/{path}")).await;
        assert!(posted.error.is_none(), "{posted:?}");
        assert_eq!(posted.reply, Some(expected), "{path}");
    }
}

#[tokio::test]
async fn the_body_beyond_the_limit_is_not_waited_for() {
    let endless = || async {
        let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 64 * 1_024]));
        Body::from_stream(futures::stream::repeat_with(piece))
    };
    let address = serve(Router::new().route("/", post(endless))).await;
    let promised = serve_by_hand(async |mut stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
        stream.write_all(&[&head[..], &[b'x'; MOST]].concat()).await.unwrap();
        // The rest never comes; the client's disconnect ends it.
        let hung_up = stream.read(&mut [0]).await;
        assert!(matches!(hung_up, Ok(0) | Err(_)));
    })
    .await;
    for url in [format!("http://{address}/"), promised] {
        let posted = ask(&url).await;
        assert!(posted.error.is_none(), "{posted:?}");
        let reply = posted.reply.unwrap();
        assert_eq!((reply.status, reply.body), (200, vec![b'x'; MOST]), "{url}");
    }
}

#[tokio::test]
async fn the_time_is_over_when_it_is_over_whatever_trickles_in() {
    let timeout = Duration::from_millis(300);
    let silent = serve_by_hand(async |mut stream| drop(stream.read(&mut [0]).await)).await;
    // A byte every 20 ms would never trigger a timeout between two bytes.
    let slow_head = serve_by_hand(async |stream| trickle(stream, b"HTTP/1.1 200 OK\r\nX-Long: ").await).await;
    let slow_body =
        serve_by_hand(async |stream| trickle(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n").await).await;
    for (url, status) in [(silent, None), (slow_head, None), (slow_body, Some(200))] {
        let posted = send(&EgressClient::new(local_policy()).unwrap(), &url, timeout).await;
        assert!(matches!(posted.error, Some(Error::Timeout)), "{posted:?}");
        assert!(posted.took >= timeout && posted.took < timeout * 10, "{posted:?}");
        assert_eq!(posted.reply.map(|it| it.status), status);
    }
}

/// Writes the beginning at once and then a letter every 20 ms, until the client disconnects.
async fn trickle(mut stream: TcpStream, beginning: &[u8]) {
    let mut written = stream.write_all(beginning).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while written.is_ok() {
        ticks.tick().await;
        written = stream.write_all(b"x").await;
    }
}

#[tokio::test]
async fn invalid_http_is_distinguished_from_an_unreachable_host() {
    for garbage in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let url = serve_by_hand(async move |mut stream| stream.write_all(garbage).await.unwrap()).await;
        let posted = ask(&url).await;
        assert!(
            matches!(posted.error, Some(Error::InvalidHttp(_))),
            "{}: {posted:?}",
            garbage.escape_ascii()
        );
    }
    let endless_head = serve_by_hand(async |mut stream| {
        let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while written.is_ok() {
            written = stream.write_all(b"X-More: and more and more and more\r\n").await;
        }
    })
    .await;
    let posted = ask(&endless_head).await;
    assert!(matches!(posted.error, Some(Error::InvalidHttp(_))), "{posted:?}");

    let hangs_up = serve_by_hand(async |stream| drop(stream)).await;
    let half = serve_by_hand(async |mut stream| {
        let half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
        stream.write_all(half).await.unwrap();
    })
    .await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    for url in [hangs_up, half, nobody] {
        let posted = ask(&url).await;
        assert!(matches!(posted.error, Some(Error::Unreachable(_))), "{url}: {posted:?}");
    }
}

#[tokio::test]
async fn a_receiver_with_an_invalid_certificate_gets_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let (posted, first) = tokio::join!(ask(&url), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The beginning of a handshake, never the request.
        let mut first = [0];
        stream.read_exact(&mut first).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        first[0]
    });
    assert_eq!(first, 0x16);
    assert!(matches!(posted.error, Some(Error::Unreachable(_))), "{posted:?}");
}

#[tokio::test]
async fn a_private_name_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let policy = EgressPolicy {
        plain_http: true,
        ..EgressPolicy::default()
    };
    let egress = EgressClient::with_lookup(policy, always(&["127.0.0.1:0"])).unwrap();
    let posted = send(
        &egress,
        &format!("http://inside.example:{port}/"),
        Duration::from_secs(15),
    )
    .await;
    assert!(
        matches!(posted.error, Some(Error::Refused(UrlRefused::Name))) && posted.reply.is_none(),
        "{posted:?}"
    );
    let listener = listener.into_std().unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_server_without_tls_is_reported() {
    let address = serve(Router::new().route("/", post(async || "hello"))).await;
    let posted = ask(&format!("https://{address}/")).await;
    let words = posted.error.expect("it fails").to_string();
    assert!(words.contains("does not speak TLS"), "{words}");
}
