use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::{EgressPolicy, Refused, address::objection};

/// Turns a name into addresses. The port is put in by whoever connects.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The least time a name takes that is not visited. A private name is answered from nearby and one that does not exist from far away;
/// without this the time would tell them apart, as the words do not.
const REFUSAL: Duration = Duration::from_millis(250);

/// Resolves for the connector and judges what comes of it. The connector takes the addresses from here and asks nobody else, so there is
/// no moment between the check and the connection in which a name could change its mind.
#[derive(Clone)]
pub struct Judge {
    lookup: Lookup,
    policy: EgressPolicy,
}

impl Judge {
    pub fn new(lookup: Lookup, policy: EgressPolicy) -> Self {
        Self { lookup, policy }
    }
}

impl Service<Name> for Judge {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Refused;
    type Future = BoxFuture<'static, Result<Self::Response, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = (self.lookup)(name.as_str().to_owned());
        let policy = self.policy.clone();
        let least = tokio::time::Instant::now() + REFUSAL;
        Box::pin(async move {
            let why = match found.await {
                Ok(found) => match judge(&found, &policy) {
                    None => return Ok(found.into_iter()),
                    Some(why) => why.to_owned(),
                },
                Err(error) => error.to_string(),
            };
            // For the operator alone: the tenant is not told which of the two it was.
            tracing::debug!(name = name.as_str(), %why, "a name that a tenant chose is not visited");
            tokio::time::sleep_until(least).await;
            Err(Refused::Name)
        })
    }
}

/// What is wrong with what a name led to. One bad address spoils the name: a public one beside it is how a private one is smuggled in.
fn judge(found: &[SocketAddr], policy: &EgressPolicy) -> Option<&'static str> {
    if found.is_empty() {
        return Some("has no address");
    }
    found
        .iter()
        .find_map(|address| objection(address.ip(), &policy.networks))
}
