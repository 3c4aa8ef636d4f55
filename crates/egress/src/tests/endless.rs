//! Endless responses: interim responses, heads, trailers, chunk extensions, small chunks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{fetch, local_policy};
use crate::{EgressClient, Error, Post, PostOutcome};

/// Bytes that a server writes once, and bytes that it then repeats until the client closes.
struct Endless {
    begin: &'static [u8],
    again: &'static [u8],
}

const BEFORE_AN_ANSWER: [Endless; 3] = [
    Endless {
        begin: b"",
        again: b"HTTP/1.1 100 Continue\r\n\r\n",
    },
    Endless {
        begin: b"",
        again: b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
    },
    Endless {
        begin: b"HTTP/1.1 200 OK\r\n",
        again: b"x-more: and more\r\n",
    },
];

const WITHIN_A_BODY: [Endless; 4] = [
    Endless {
        begin: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
        again: b"extension=value;",
    },
    Endless {
        begin: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
        again: b"x-trailer: more\r\n",
    },
    Endless {
        begin: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        again: b"1\r\nx\r\n",
    },
    Endless {
        begin: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        again: b"1;extension=value\r\nx\r\n",
    },
];

/// Serves it and counts the bytes that the kernel took.
async fn serve(endless: &'static Endless) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let written = Arc::new(AtomicU64::new(0));
    let count = written.clone();
    #[expect(clippy::disallowed_methods, reason = "the other side, for as long as the test runs")]
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4_096]).await.is_ok());
        let pieces = endless.again.repeat(1_000);
        let mut next = endless.begin;
        while stream.write_all(next).await.is_ok() {
            count.fetch_add(next.len() as u64, Ordering::Relaxed);
            next = &pieces;
        }
    });
    (url, written)
}

async fn post(url: &str) -> PostOutcome {
    let egress = EgressClient::new(local_policy()).unwrap();
    let target = egress.check(url).unwrap();
    let post = Post {
        target: &target,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
        timeout: Duration::from_secs(5),
        max_body_bytes: 4_096,
    };
    egress.post(post).await
}

/// Bytes that the kernel buffers beyond those read.
const KERNEL: u64 = 16 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_before_a_response_are_limited() {
    for endless in &BEFORE_AN_ANSWER {
        let what = endless.again.escape_ascii().to_string();
        let (url, written) = serve(endless).await;
        let posted = post(&url).await;
        assert!(
            matches!(posted.error, Some(Error::Endless { .. } | Error::InvalidHttp(_))),
            "{what}: {posted:?}"
        );
        assert!(written.load(Ordering::Relaxed) < KERNEL, "{what}");
        let (url, written) = serve(endless).await;
        let fetched = fetch(&EgressClient::new(local_policy()).unwrap(), &url, 100).await;
        assert!(
            matches!(fetched, Err(Error::Endless { .. } | Error::InvalidHttp(_))),
            "{what}: {fetched:?}"
        );
        assert!(written.load(Ordering::Relaxed) < KERNEL, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_around_a_body_are_limited() {
    for endless in &WITHIN_A_BODY {
        let what = endless.again.escape_ascii().to_string();
        let (url, written) = serve(endless).await;
        let posted = post(&url).await;
        assert!(!matches!(posted.error, Some(Error::Timeout)), "{what}: {posted:?}");
        assert!(written.load(Ordering::Relaxed) < KERNEL, "{what}");
        let (url, written) = serve(endless).await;
        let fetched = fetch(&EgressClient::new(local_policy()).unwrap(), &url, 1 << 20).await;
        let ended = matches!(
            fetched,
            Err(Error::Endless { .. } | Error::InvalidHttp(_) | Error::TooLarge { .. })
        );
        assert!(ended, "{what}: {:?}", fetched.map(|body| body.len()));
        assert!(written.load(Ordering::Relaxed) < KERNEL, "{what}");
    }
}

#[tokio::test]
async fn a_few_interim_responses_do_no_harm() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4_096]).await.is_ok());
        let interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n".repeat(5);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(&[&interim[..], answer].concat()).await.unwrap();
        stream
    };
    let (posted, _stream) = tokio::join!(post(&url), answer);
    let reply = posted.reply.expect("it is answered");
    assert_eq!((reply.status, reply.body), (200, b"ok".to_vec()));
}

#[tokio::test]
async fn nothing_but_http_1_1_is_offered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let egress = EgressClient::new(local_policy()).unwrap();
    for method in ["post", "get"] {
        let hello = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = vec![0; 4_096];
            let length = stream.read(&mut hello).await.unwrap();
            hello.truncate(length);
            hello
        };
        let (_, hello) = tokio::join!(
            async {
                match method {
                    "post" => drop(post(&url).await),
                    _ => drop(fetch(&egress, &url, 100).await),
                }
            },
            hello
        );
        let offers = |name: &[u8]| hello.windows(name.len()).any(|at| at == name);
        assert!(offers(b"\x08http/1.1") && !offers(b"\x02h2"), "{method}");
    }
}
