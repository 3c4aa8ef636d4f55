use std::{error::Error, net::SocketAddr, sync::Arc};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Policy, Refused, address::objection};

/// Turns a name into addresses. The port is put in by whoever connects.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Resolves for the connector and judges what comes of it. The connector takes the addresses from here and asks nobody else, so there is
/// no moment between the check and the connection in which a name could change its mind.
pub struct Judge {
    lookup: Lookup,
    policy: Policy,
}

impl Judge {
    pub fn new(lookup: Lookup, policy: Policy) -> Self {
        Self { lookup, policy }
    }
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let policy = self.policy.clone();
        Box::pin(async move {
            let found = found.await?;
            judge(&found, &policy)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// One bad address spoils the name: a public one beside it is how a private one is smuggled in.
fn judge(found: &[SocketAddr], policy: &Policy) -> Result<(), Box<dyn Error + Send + Sync>> {
    let bad = found
        .iter()
        .find_map(|address| objection(address.ip(), &policy.networks));
    match bad {
        Some(why) => Err(Box::new(Refused::Name { why })),
        None if found.is_empty() => Err("the name has no address".into()),
        None => Ok(()),
    }
}
