use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::{EgressPolicy, UrlRefused, address::refusal_reason};

/// A function that resolves a name. The connector sets the port.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Minimum duration of a refused lookup. Private names are answered from nearby and unknown ones from far away; without it the time would
/// distinguish them.
const MIN_REFUSAL_TIME: Duration = Duration::from_millis(250);

/// Resolves names for the connector and checks the addresses. The connector uses these addresses and no other resolver, so a name cannot
/// change between check and connection.
#[derive(Clone)]
pub struct SafeResolver {
    lookup: Lookup,
    policy: EgressPolicy,
}

impl SafeResolver {
    pub fn new(lookup: Lookup, policy: EgressPolicy) -> Self {
        Self { lookup, policy }
    }
}

impl Service<Name> for SafeResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = UrlRefused;
    type Future = BoxFuture<'static, Result<Self::Response, UrlRefused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UrlRefused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = (self.lookup)(name.as_str().to_owned());
        let policy = self.policy.clone();
        let least = tokio::time::Instant::now() + MIN_REFUSAL_TIME;
        Box::pin(async move {
            let why = match found.await {
                Ok(found) => match check_addresses(&found, &policy) {
                    None => return Ok(found.into_iter()),
                    Some(why) => why.to_owned(),
                },
                Err(error) => error.to_string(),
            };
            // For the operator only: the tenant does not learn which of the two it was.
            tracing::debug!(name = name.as_str(), %why, "refused a name chosen by a tenant");
            tokio::time::sleep_until(least).await;
            Err(UrlRefused::Name)
        })
    }
}

/// Returns why the addresses of a name are refused. One refused address is enough: a public one beside a private one is a known way to
/// bypass checks.
fn check_addresses(found: &[SocketAddr], policy: &EgressPolicy) -> Option<&'static str> {
    if found.is_empty() {
        return Some("has no address");
    }
    found
        .iter()
        .find_map(|address| refusal_reason(address.ip(), &policy.networks))
}
