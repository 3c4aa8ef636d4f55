//! Lookups that hang.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use axum::{Router, routing::post};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use http::HeaderMap;
use uuid::Uuid;

use super::{local_policy, serve};
use crate::{EgressClient, Error, Post, PostOutcome, for_tenant, system_lookup::shared_lookups};
use mainstay_core::domain::{Id, TenantId};

async fn call(egress: &EgressClient, whose: u128, url: String, timeout: Duration) -> PostOutcome {
    let target = egress.check(&url).unwrap();
    let post = Post {
        target: &target,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout,
        max_body_bytes: 100,
    };
    for_tenant(TenantId::from_uuid(Uuid::from_u128(whose)), egress.post(post)).await
}

#[tokio::test]
async fn a_tenants_hanging_lookups_do_not_delay_other_tenants() {
    let address = serve(Router::new().route("/", post(|| async { "hello" }))).await;
    let hanging = Arc::new(AtomicUsize::new(0));
    let (open, gate) = mpsc::channel::<()>();
    let (count, gate) = (hanging.clone(), Mutex::new(gate));
    // A tenant has two of eight concurrent lookups.
    let lookup = shared_lookups(8, move |name| {
        if name.starts_with("slow") {
            count.fetch_add(1, Ordering::SeqCst);
            // Blocks until the sender is dropped.
            assert!(gate.lock().unwrap().recv().is_err());
        }
        Ok(vec![([127, 0, 0, 1], 0).into()])
    });
    let egress = EgressClient::with_lookup(local_policy(), lookup).unwrap();
    let url = |name: String| format!("http://{name}.example:{}/", address.port());
    let mut slow: FuturesUnordered<_> = (0..20)
        .map(|n| call(&egress, 1, url(format!("slow-{n}")), Duration::from_secs(60)))
        .collect();
    let neighbour = async {
        while hanging.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        for n in 0..5 {
            let posted = call(&egress, 2, url(format!("fast-{n}")), Duration::from_secs(20)).await;
            assert_eq!(posted.reply.map(|it| it.status), Some(200), "{:?}", posted.error);
        }
        let own = call(&egress, 1, url("fast-9".to_owned()), Duration::from_millis(50)).await;
        assert!(matches!(own.error, Some(Error::Timeout)), "its own wait: {own:?}");
        assert_eq!(hanging.load(Ordering::SeqCst), 2);
    };
    tokio::select! {
        _ = slow.next() => panic!("nobody has answered it"),
        () = neighbour => {}
    }
    drop(open);
    while let Some(posted) = slow.next().await {
        assert_eq!(posted.reply.map(|it| it.status), Some(200), "{:?}", posted.error);
    }
}
