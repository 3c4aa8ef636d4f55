//! Meta's Graph API as we use it: messages, media, numbers, tokens, templates. Shapes come from Meta's "WhatsApp Business
//! Platform" reference as of November 2026.
//!
//! A call is made once. Whether the same request may be made again is for the caller to decide, who has the error table
//! ([`errors`]) and, for messages, a ledger; so the client itself repeats nothing:
//!
//! - It follows no redirects, and reqwest's own retries are off.
//! - It speaks HTTP/1.1. One connection then carries one request, so a lost connection is the loss of that request and of
//!   no other. (HTTP/2 would also be slower: hyper keeps one connection per host, and Meta bounds its streams.)
//! - hyper does take another connection when a kept one turns out to be dead, but only for a request that it had not
//!   begun to write. `tests/it/graph` holds it to that.

mod answer;
mod blocks;
mod error;
pub mod errors;
mod media;
mod message;
mod number;
mod receipt;
mod templates;
mod token;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, Url};

pub use blocks::{BlockChange, Blocked, BlockedPage, MOST as MOST_BLOCKS, Person};
pub use error::{Error, GraphError};
pub use media::{Download, MediaInfo, Upload};
pub use message::{Accepted, Sent};
pub use number::{Callbacks, Health, HealthEntity, HealthProblem, Number, SubscribedApp};
pub use receipt::Receipt;
pub use templates::{CreatedTemplate, Template};
pub use token::Token;

use crate::config::Secret;

/// A third of the time for a call, and at most this, goes into making a connection. It has to be less than the whole: a call
/// that runs out of time must have failed to connect, or be known to have gone out.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);
/// Meta closes kept connections sooner or later; one that was idle for this long is not worth the risk of writing into.
const IDLE: Duration = Duration::from_secs(20);
/// At 1,000 messages a second and half a second each, this many connections are busy.
const KEPT_CONNECTIONS: usize = 512;

/// Whom we speak as.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    pub phone_number_id: &'a str,
    pub waba_id: &'a str,
    pub token: &'a Secret,
}

/// Clones are cheap and share the connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    place: Arc<Place>,
    timeout: Duration,
}

#[derive(Debug)]
struct Place {
    base: Url,
    version: String,
}

impl Client {
    /// `base_url` such as `https://graph.facebook.com`, `version` such as `v25.0`; `timeout` is for a whole call, media aside.
    pub fn new(base_url: &str, version: &str, timeout: Duration) -> anyhow::Result<Self> {
        let base =
            Url::parse(base_url).context("GRAPH_BASE_URL: not an address; use e.g. https://graph.facebook.com")?;
        ensure!(
            matches!(base.scheme(), "http" | "https") && base.has_host(),
            "GRAPH_BASE_URL: not an address of a web server; use e.g. https://graph.facebook.com"
        );
        // A second provider in one process is refused, and the first one serves as well.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(LONGEST_CONNECT.min(timeout / 3))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT_CONNECTIONS)
            .http1_only()
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .context("building the HTTP client for Meta")?;
        let place = Place {
            base,
            version: version.to_owned(),
        };
        Ok(Self {
            http,
            place: Arc::new(place),
            timeout,
        })
    }

    /// `{base}/{version}/{steps…}`, each step escaped.
    fn url(&self, steps: &[&str]) -> Url {
        let mut url = self.place.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&self.place.version).extend(steps);
        }
        url
    }

    fn get(&self, access: Access<'_>, steps: &[&str]) -> RequestBuilder {
        let request = self.http.get(self.url(steps));
        request.bearer_auth(access.token.expose()).timeout(self.timeout)
    }

    fn post(&self, access: Access<'_>, steps: &[&str]) -> RequestBuilder {
        let request = self.http.post(self.url(steps));
        request.bearer_auth(access.token.expose()).timeout(self.timeout)
    }

    fn delete(&self, access: Access<'_>, steps: &[&str]) -> RequestBuilder {
        let request = self.http.delete(self.url(steps));
        request.bearer_auth(access.token.expose()).timeout(self.timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, steps: &[&str]) -> String {
        let client = Client::new(base, "v25.0", Duration::from_secs(1)).unwrap();
        client.url(steps).to_string()
    }

    #[test]
    fn an_address_is_made_of_base_version_and_escaped_steps() {
        let meta = "https://graph.facebook.com";
        assert_eq!(
            url(meta, &["1065", "messages"]),
            "https://graph.facebook.com/v25.0/1065/messages"
        );
        assert_eq!(
            url("http://localhost:8090/graph/", &["1065"]),
            "http://localhost:8090/graph/v25.0/1065"
        );
        assert_eq!(
            url(meta, &["../me", "a?b#c/d"]),
            "https://graph.facebook.com/v25.0/..%2Fme/a%3Fb%23c%2Fd"
        );
    }

    #[test]
    fn an_address_that_is_none_is_refused_by_the_name_of_the_variable() {
        for base in ["", "graph.facebook.com", "ftp://graph.facebook.com", "unix:/run/graph"] {
            let error = Client::new(base, "v25.0", Duration::from_secs(1)).unwrap_err();
            assert!(error.to_string().starts_with("GRAPH_BASE_URL: "), "{base}: {error}");
        }
    }
}
