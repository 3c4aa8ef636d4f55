//! The address checks, and the limits of GET requests.

mod endless;
mod names;
mod post;
mod rebinding;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Body, response::Redirect, routing::get};
use futures::TryStreamExt;

use super::{EgressClient, EgressPolicy, Error, Lookup, Target, UrlRefused};

/// Addresses, and whether they are allowed.
const TABLE: &[(&str, bool)] = &[
    // Public ones in plain spelling.
    ("https://example.com/a.jpg", true),
    ("https://example.com:8443/a.jpg?b=c#d", true),
    ("https://example.com:443/", true),
    ("https://example.com:1024/", true),
    ("https://local.example.com./", true),
    ("https://mylocal.example/", true),
    ("https://93.184.216.34/", true),
    ("https://8.8.8.8/", true),
    ("https://172.15.255.255/", true),
    ("https://172.32.0.1/", true),
    ("https://100.63.255.255/", true),
    ("https://100.128.0.1/", true),
    ("https://192.0.1.1/", true),
    ("https://198.17.255.255/", true),
    ("https://223.255.255.255/", true),
    ("https://[2606:2800:220:1:248:1893:25c8:1946]/", true),
    ("https://[2001:4860:4860::8888]/", true),
    ("https://[2a00:1450:4001::1]/", true),
    ("https://[::ffff:8.8.8.8]/", true),
    ("https://[64:ff9b::8.8.8.8]/", true),
    ("https://xn--bcher-kva.example/", true),
    ("https://bücher.example/", true),
    // Private, shared, local, reserved.
    ("https://10.0.0.1/", false),
    ("https://10.255.255.255/", false),
    ("https://172.16.0.1/", false),
    ("https://172.31.255.255/", false),
    ("https://192.168.0.1/", false),
    ("https://100.64.0.1/", false),
    ("https://100.127.255.255/", false),
    ("https://127.0.0.1/", false),
    ("https://127.255.255.254/", false),
    ("https://0.0.0.0/", false),
    ("https://0.1.2.3/", false),
    ("https://192.0.0.8/", false),
    ("https://192.0.2.1/", false),
    ("https://192.88.99.1/", false),
    ("https://198.18.0.1/", false),
    ("https://198.19.255.255/", false),
    ("https://198.51.100.7/", false),
    ("https://203.0.113.9/", false),
    ("https://224.0.0.1/", false),
    ("https://239.255.255.255/", false),
    ("https://240.0.0.1/", false),
    ("https://255.255.255.255/", false),
    // Metadata services.
    ("https://169.254.169.254/latest/meta-data/", false),
    ("https://169.254.170.2/", false),
    ("https://100.100.100.200/", false),
    ("https://168.63.129.16/", false),
    ("https://[fd00:ec2::254]/", false),
    ("https://[fd20:ce::254]/", false),
    ("https://metadata.google.internal/computeMetadata/v1/", false),
    // Local names.
    ("https://localhost/", false),
    ("https://LOCALHOST./", false),
    ("https://a.localhost:8443/", false),
    ("https://printer.local/", false),
    ("https://router.home.arpa/", false),
    ("https://redis:6379/", false),
    // Ports of other services.
    ("https://example.com:22/", false),
    ("https://example.com:25/", false),
    ("https://example.com:1023/", false),
    ("https://example.com:53/", false),
    // One address in many spellings.
    ("https://127.1/", false),
    ("https://127.0.1/", false),
    ("https://2130706433/", false),
    ("https://0x7f000001/", false),
    ("https://0x7f.0.0.1/", false),
    ("https://0177.0.0.1/", false),
    ("https://017700000001/", false),
    ("https://127.0.0.1./", false),
    ("https://%31%32%37.0.0.1/", false),
    ("https://１２７.０.０.１/", false),
    ("https://①②⑦.0.0.1/", false),
    ("https://127。0。0。1/", false),
    ("https:127.0.0.1/", false),
    ("https:\\\\127.0.0.1\\", false),
    ("  https://127.0.0.1/  ", false),
    ("https://0xa9fea9fe/", false),
    ("https://2852039166/", false),
    ("https://0251.0376.0251.0376/", false),
    ("https://0x0a.1/", false),
    // IPv6.
    ("https://[::]/", false),
    ("https://[::1]/", false),
    ("https://[0:0:0:0:0:0:0:1]/", false),
    ("https://[::127.0.0.1]/", false),
    ("https://[::ffff:127.0.0.1]/", false),
    ("https://[::ffff:7f00:1]/", false),
    ("https://[::ffff:10.0.0.1]/", false),
    ("https://[::ffff:169.254.169.254]/", false),
    ("https://[::ffff:0:10.0.0.1]/", false),
    ("https://[64:ff9b::127.0.0.1]/", false),
    ("https://[64:ff9b::a9fe:a9fe]/", false),
    ("https://[64:ff9b::192.168.1.1]/", false),
    ("https://[64:ff9b:1::8.8.8.8]/", false),
    ("https://[2002:7f00:1::]/", false),
    ("https://[2002:a00:1::1]/", false),
    ("https://[2002:808:808::1]/", false),
    ("https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", false),
    ("https://[2001:db8::1]/", false),
    ("https://[2001:10::1]/", false),
    ("https://[3fff::1]/", false),
    ("https://[2a00:1450::5efe:10.0.0.1]/", false),
    ("https://[2a00:1450::200:5efe:10.0.0.1]/", false),
    ("https://[fe80::1]/", false),
    ("https://[fec0::1]/", false),
    ("https://[fc00::1]/", false),
    ("https://[fdff:ffff::1]/", false),
    ("https://[ff02::1]/", false),
    ("https://[100::1]/", false),
    ("https://[5f00::1]/", false),
    ("https://[4000::1]/", false),
    // Other schemes, credentials, invalid URLs.
    ("http://example.com/", false),
    ("ftp://example.com/", false),
    ("file:///etc/passwd", false),
    ("gopher://example.com/", false),
    ("data:text/plain,hello", false),
    ("javascript:alert(1)", false),
    ("//example.com/", false),
    ("example.com", false),
    ("", false),
    ("https://", false),
    ("https:///", false),
    ("https://./", false),
    ("https://user@example.com/", false),
    ("https://user:password@example.com/", false),
    ("https://:password@example.com/", false),
    ("https://example.com@127.0.0.1/", false),
    ("https://127.0.0.1:8080@example.com/", false),
    ("https://[::1/", false),
    ("https://1.2.3.4.5/", false),
    ("https://256.256.256.256/", false),
    ("https://exa mple.com/", false),
    ("https://[fe80::1%25eth0]/", false),
];

#[test]
fn only_public_addresses_are_visited_whatever_the_spelling() {
    let policy = EgressPolicy::default();
    let wrong: Vec<String> = TABLE
        .iter()
        .filter_map(|(text, expected)| {
            let judged = Target::parse(text, &policy);
            (judged.is_ok() != *expected).then(|| format!("{text}: {judged:?}"))
        })
        .collect();
    assert!(TABLE.len() >= 60 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_operator_may_allow_networks_and_plain_http() {
    let policy = EgressPolicy {
        plain_http: true,
        networks: vec!["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()],
    };
    for (text, expected) in [
        ("http://example.com/", true),
        ("http://10.1.2.3/", true),
        ("https://[::ffff:10.1.2.3]/", true),
        ("https://[64:ff9b::10.1.2.3]/", true),
        ("https://[fd00:1::5]/", true),
        ("https://10.2.0.1/", false),
        ("https://[fd00:2::5]/", false),
        ("http://127.0.0.1/", false),
        ("ftp://10.1.2.3/", false),
    ] {
        assert_eq!(Target::parse(text, &policy).is_ok(), expected, "{text}");
    }
}

/// Returns a resolver of every name to these addresses.
fn always(addresses: &[&str]) -> Lookup {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
    Arc::new(move |_| {
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    })
}

fn local_policy() -> EgressPolicy {
    EgressPolicy {
        plain_http: true,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the other side, for as long as the test runs")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn fetch(egress: &EgressClient, url: &str, max: u64) -> Result<Vec<u8>, Error> {
    let target = egress.check(url)?;
    let chunks: Vec<bytes::Bytes> = egress.get(&target, max).await?.chunks().try_collect().await?;
    Ok(chunks.concat())
}

#[tokio::test]
async fn a_name_with_a_private_address_is_refused_even_beside_a_public_one() {
    for addresses in [
        &["127.0.0.1:0"][..],
        &["93.184.216.34:0", "10.0.0.1:0"],
        &["[::1]:0"],
        &["[::ffff:169.254.169.254]:0"],
    ] {
        let egress = EgressClient::with_lookup(EgressPolicy::default(), always(addresses)).unwrap();
        let result = fetch(&egress, "https://inside.example/", 100).await;
        assert!(
            matches!(result, Err(Error::Refused(UrlRefused::Name))),
            "{addresses:?}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_connection_uses_that_address() {
    let address = serve(Router::new().route("/", get(|| async { "hello" }))).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    // The second lookup would return a refused address.
    let fickle: Lookup = Arc::new(move |_| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        Box::pin(async move { Ok(vec![if first { "127.0.0.1:0" } else { "10.0.0.1:0" }.parse().unwrap()]) })
    });
    let egress = EgressClient::with_lookup(local_policy(), fickle).unwrap();
    let url = format!("http://fickle.example:{}/", address.port());
    assert_eq!(fetch(&egress, &url, 100).await.unwrap(), b"hello");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let router = Router::new()
        .route("/", get(|| async { Redirect::temporary("/secret") }))
        .route("/secret", get(|| async { "secret" }));
    let address = serve(router).await;
    let egress = EgressClient::new(local_policy()).unwrap();
    let result = fetch(&egress, &format!("http://{address}/"), 100).await;
    assert!(matches!(result, Err(Error::Redirected(307))), "{result:?}");
}

#[tokio::test]
async fn a_response_beyond_the_limit_fails_whether_announced_or_not() {
    let endless = || async {
        let piece = || Ok::<_, std::io::Error>(bytes::Bytes::from(vec![0; 1_000]));
        Body::from_stream(futures::stream::repeat_with(piece))
    };
    let router = Router::new()
        .route("/announced", get(|| async { vec![0_u8; 101] }))
        .route("/endless", get(endless))
        .route("/fits", get(|| async { vec![0_u8; 100] }))
        .route("/gone", get(|| async { http::StatusCode::GONE }));
    let address = serve(router).await;
    let egress = EgressClient::new(local_policy()).unwrap();
    for (path, max, expected) in [
        ("fits", 100, true),
        ("announced", 100, false),
        ("endless", 50_000, false),
    ] {
        let result = fetch(&egress, &format!("http://{address}/{path}"), max).await;
        let fits = match &result {
            Ok(_) => true,
            Err(Error::TooLarge { .. }) => false,
            Err(error) => panic!("{path}: {error}"),
        };
        assert_eq!(fits, expected, "{path}");
    }
    let gone = fetch(&egress, &format!("http://{address}/gone"), 100).await;
    assert!(matches!(gone, Err(Error::Status(410))), "{gone:?}");
}

#[tokio::test]
async fn a_private_name_is_answered_like_one_that_does_not_exist() {
    let unknown: Lookup = Arc::new(|_| {
        let error = std::io::Error::new(std::io::ErrorKind::NotFound, "no such name");
        Box::pin(async move { Err(error) })
    });
    let mut messages = Vec::new();
    for lookup in [always(&["10.0.0.1:0"]), always(&[]), unknown] {
        let egress = EgressClient::with_lookup(EgressPolicy::default(), lookup).unwrap();
        let begun = std::time::Instant::now();
        let fetched = fetch(&egress, "https://db.internal.example/", 100).await;
        assert!(begun.elapsed().as_millis() >= 250);
        messages.push(format!("{fetched:?} {}", fetched.as_ref().unwrap_err()));
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(!messages[0].contains("10.") && !messages[0].contains("private"));
}
