//! DNS rebinding, and every private address behind a name, over real connections.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::ConnectInfo,
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::any,
};
use bytes::Bytes;
use tokio::net::TcpListener;
use url::Host;

use super::{TABLE, fetch, local_policy};
use crate::{EgressClient, EgressPolicy, Error, Lookup, Post, PostOutcome, UrlRefused};

async fn post(egress: &EgressClient, url: &str) -> PostOutcome {
    let target = egress.check(url).unwrap();
    let post = Post {
        target: &target,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
        timeout: Duration::from_secs(15),
        max_body_bytes: 100,
    };
    egress.post(post).await
}

fn is_refused_by_name(error: Option<&Error>) -> bool {
    matches!(error, Some(Error::Refused(UrlRefused::Name)))
}

/// Answers `/keep` and `/close` with the client's port, which identifies the connection.
async fn serve() -> SocketAddr {
    let port = async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.port().to_string();
    let close = async |ConnectInfo(from): ConnectInfo<SocketAddr>| ([("connection", "close")], from.port().to_string());
    let router = Router::new()
        .route("/keep", any(port))
        .route("/close", any(close))
        .route("/refuse", any(async || StatusCode::FORBIDDEN));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    #[expect(clippy::disallowed_methods, reason = "the other side, for as long as the test runs")]
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// A listener that must not be reached.
async fn private(port: u16) -> TcpListener {
    TcpListener::bind((IpAddr::from([127, 0, 0, 2]), port)).await.unwrap()
}

async fn was_found(listener: TcpListener) -> bool {
    let accepted = listener.into_std().unwrap().accept();
    !matches!(accepted, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Allows one loopback address as if it were public; its neighbour stands for a private one.
fn one_is_public() -> EgressPolicy {
    EgressPolicy {
        plain_http: true,
        networks: vec!["127.0.0.1/32".parse().unwrap()],
    }
}

/// Returns a resolver that returns the public address the first `times` times, then the private one.
fn rebinding(times: usize) -> (Lookup, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let public = count.fetch_add(1, Ordering::SeqCst) < times;
        let address: SocketAddr = if public {
            ([127, 0, 0, 1], 0)
        } else {
            ([127, 0, 0, 2], 0)
        }
        .into();
        Box::pin(async move { Ok(vec![address]) })
    });
    (lookup, asked)
}

#[tokio::test]
async fn a_name_that_turns_private_between_two_connections_is_refused_at_the_second() {
    let address = serve().await;
    let inside = private(address.port()).await;
    let (lookup, asked) = rebinding(1);
    let egress = EgressClient::with_lookup(one_is_public(), lookup).unwrap();
    let url = format!("http://fickle.example:{}/close", address.port());
    let first = post(&egress, &url).await;
    assert_eq!(first.reply.map(|it| it.status), Some(200), "{:?}", first.error);
    let second = post(&egress, &url).await;
    assert!(is_refused_by_name(second.error.as_ref()), "{second:?}");
    assert!(is_refused_by_name(fetch(&egress, &url, 100).await.err().as_ref()));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert!(!was_found(inside).await);
}

#[tokio::test]
async fn a_kept_connection_leads_where_it_always_led_whatever_the_name_says_by_now() {
    let address = serve().await;
    let inside = private(address.port()).await;
    let (lookup, asked) = rebinding(1);
    let egress = EgressClient::with_lookup(one_is_public(), lookup).unwrap();
    let url = format!("http://fickle.example:{}/keep", address.port());
    let mut connections = Vec::new();
    for _ in 0..5 {
        let posted = post(&egress, &url).await;
        connections.push(posted.reply.expect("it is answered").body);
    }
    connections.dedup();
    assert_eq!((connections.len(), asked.load(Ordering::SeqCst)), (1, 1));
    assert!(!was_found(inside).await);
}

#[tokio::test]
async fn a_name_that_was_public_when_it_was_typed_in_is_judged_when_it_is_visited() {
    let inside = private(0).await;
    let port = inside.local_addr().unwrap().port();
    let (lookup, asked) = rebinding(0);
    let egress = EgressClient::with_lookup(one_is_public(), lookup).unwrap();
    let url = format!("http://fickle.example:{port}/");
    assert!(egress.check(&url).is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 0, "looking at an address asks nobody");
    assert!(is_refused_by_name(post(&egress, &url).await.error.as_ref()));
    assert!(!was_found(inside).await);
}

#[tokio::test]
async fn a_redirect_inside_leads_nowhere() {
    let inside = private(0).await;
    let within = inside.local_addr().unwrap();
    for moved in [
        Redirect::to(&format!("http://{within}/")),
        Redirect::temporary(&format!("http://{within}/")),
        Redirect::permanent(&format!("http://{within}/")),
    ] {
        let router = Router::new().route("/", any(async move || moved));
        let address = super::serve(router).await;
        let posted = post(
            &EgressClient::new(one_is_public()).unwrap(),
            &format!("http://{address}/"),
        )
        .await;
        let status = posted.reply.map(|it| it.status);
        assert!(
            matches!(status, Some(303 | 307 | 308)) && posted.error.is_none(),
            "{status:?}"
        );
    }
    assert!(!was_found(inside).await);
}

#[tokio::test]
async fn the_machines_own_resolver_is_judged_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // With an allowed network, single-label names are looked up.
    let policy = EgressPolicy {
        plain_http: true,
        networks: vec!["192.168.77.0/24".parse().unwrap()],
    };
    let egress = EgressClient::new(policy).unwrap();
    let posted = post(&egress, &format!("http://localhost:{port}/")).await;
    assert!(is_refused_by_name(posted.error.as_ref()), "{posted:?}");
    assert!(!was_found(listener).await);
    let address = serve().await;
    let posted = post(
        &EgressClient::new(local_policy()).unwrap(),
        &format!("http://127.1:{}/refuse", address.port()),
    )
    .await;
    assert_eq!(posted.reply.map(|it| it.status), Some(403), "{:?}", posted.error);
}

/// Returns the literal addresses of the table.
fn literals(public: bool) -> Vec<IpAddr> {
    let hosts = TABLE.iter().filter(|(_, visited)| *visited == public);
    let hosts = hosts.filter_map(|(text, _)| match url::Url::parse(text.trim()).ok()?.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    });
    hosts.collect()
}

#[tokio::test]
async fn an_address_that_is_refused_by_its_looks_is_refused_behind_a_name_too() {
    let inside = literals(false);
    assert!(inside.len() >= 60, "{}", inside.len());
    let known = inside.clone();
    // `alone-7.example` resolves to the seventh of them, `beside-7.example` to that and a public one.
    let lookup: Lookup = Arc::new(move |name| {
        let (how, number) = name.trim_end_matches(".example").split_once('-').unwrap();
        let mut found = vec![SocketAddr::new(known[number.parse::<usize>().unwrap()], 0)];
        if how == "beside" {
            found.insert(0, ([93, 184, 216, 34], 0).into());
        }
        Box::pin(async move { Ok(found) })
    });
    let egress = EgressClient::with_lookup(EgressPolicy::default(), lookup).unwrap();
    let egress = &egress;
    let both = |(number, address): (usize, &IpAddr)| {
        let address = *address;
        ["alone", "beside"].map(|how| async move {
            let url = format!("https://{how}-{number}.example/");
            let posted = post(egress, &url).await;
            assert!(is_refused_by_name(posted.error.as_ref()), "{address}: {posted:?}");
            let fetched = fetch(egress, &url, 100).await;
            assert!(is_refused_by_name(fetched.err().as_ref()), "{address}");
        })
    };
    futures::future::join_all(inside.iter().enumerate().flat_map(both)).await;
}
