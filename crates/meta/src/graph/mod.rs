//! Client of Meta's Graph API: messages, media, numbers, tokens, templates. Shapes follow Meta's "WhatsApp Business Platform" reference as
//! of November 2026.
//!
//! The client never retries. Callers decide whether a request may be repeated, by the error table ([`errors`]) and, for messages, by the
//! stored attempts:
//!
//! - No redirects are followed, and reqwest's own retries are off.
//! - HTTP/1.1 only. One connection carries one request at a time, so a lost connection loses that request and no other. (HTTP/2 would also
//!   be slower: hyper keeps one connection per host, and Meta limits its streams.)
//! - hyper does retry on a new connection when an idle one turns out to be dead, but only if it had not begun to write the request.
//!   `tests/it/graph` tests this.

mod blocks;
mod error;
pub mod errors;
mod media;
mod message;
mod number;
mod reachability;
mod receipt;
mod response;
mod templates;
mod token;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, Url};

pub use blocks::{BlockListEntry, BlockResult, BlockTarget, BlockedPage, MAX_BLOCK_USERS};
pub use error::{Error, GraphError};
pub use media::{MediaDownload, MediaInfo, MediaUpload};
pub use message::{Accepted, PreparedSend, SendOutcome};
pub use number::{Callbacks, HealthEntity, HealthProblem, HealthStatus, PhoneNumberInfo, SubscribedApp};
pub use reachability::ApiOutage;
pub use receipt::Receipt;
pub use templates::{CreatedTemplate, GraphTemplate};
pub use token::TokenInfo;

use self::reachability::Reachability;
use mainstay_core::Secret;

/// Maximum connect timeout; otherwise a third of the request timeout. Shorter than the whole, so that a request that times out has either
/// failed to connect or is known to have gone out.
const MAX_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections are dropped after this time, before Meta closes them under a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Enough for 1,000 messages per second at half a second each.
const MAX_IDLE_CONNECTIONS: usize = 512;

/// Credentials and ids that a request is made with.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    pub phone_number_id: &'a str,
    pub waba_id: &'a str,
    pub token: &'a Secret,
}

/// Client of the Graph API. Clones share the connection pool.
#[derive(Clone, Debug)]
pub struct GraphClient {
    http: reqwest::Client,
    root: Arc<ApiRoot>,
    timeout: Duration,
    reachability: Arc<Reachability>,
}

#[derive(Debug)]
struct ApiRoot {
    base: Url,
    version: String,
}

impl GraphClient {
    /// Creates a client. `base_url` is e.g. `https://graph.facebook.com`, `version` e.g. `v25.0`; `timeout` covers a whole request, except
    /// media transfers.
    pub fn new(base_url: &str, version: &str, timeout: Duration) -> anyhow::Result<Self> {
        let base =
            Url::parse(base_url).context("GRAPH_BASE_URL: not an address; use e.g. https://graph.facebook.com")?;
        ensure!(
            matches!(base.scheme(), "http" | "https") && base.has_host(),
            "GRAPH_BASE_URL: not an address of a web server; use e.g. https://graph.facebook.com"
        );
        // Fails if a provider is already installed, which serves as well.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(MAX_CONNECT_TIMEOUT.min(timeout / 3))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .http1_only()
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .context("building the HTTP client for Meta")?;
        let root = ApiRoot {
            base,
            version: version.to_owned(),
        };
        Ok(Self {
            http,
            root: Arc::new(root),
            timeout,
            reachability: Arc::default(),
        })
    }

    /// Returns the outage of the API, as far as the calls of this process show it.
    pub fn outage(&self) -> Option<ApiOutage> {
        self.reachability.outage()
    }

    /// Records whether a call that began at `began` was answered; the error says why not.
    fn record_reachability(&self, began: Instant, answered: Result<(), &str>) {
        let host = self.root.base.host_str().unwrap_or_default();
        match answered {
            Ok(()) => self.reachability.record_answer(host),
            Err(why) => self.reachability.record_failure(host, began, why),
        }
    }

    /// Returns `{base}/{version}/{steps…}`, each step percent-encoded.
    fn url(&self, steps: &[&str]) -> Url {
        let mut url = self.root.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&self.root.version).extend(steps);
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
        let client = GraphClient::new(base, "v25.0", Duration::from_secs(1)).unwrap();
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
            let error = GraphClient::new(base, "v25.0", Duration::from_secs(1)).unwrap_err();
            assert!(error.to_string().starts_with("GRAPH_BASE_URL: "), "{base}: {error}");
        }
    }
}
