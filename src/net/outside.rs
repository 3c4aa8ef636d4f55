use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::{Client, Method, header};

use super::{
    Error, Policy, Refused, Target,
    names::{Judge, Lookup},
    system,
};
use crate::crypto;

const CONNECT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// For a whole answer: a sender of one byte a minute does not hold us for ever.
const WHOLE: Duration = Duration::from_secs(300);
/// For how long a connection is kept for the next request with a body. Many servers close theirs after five seconds, and one that is
/// closed while it is written to costs the request.
const IDLE: Duration = Duration::from_secs(4);
/// Connections to one host kept in that time: many tenants may receive at one.
const KEPT: usize = 512;

/// Makes requests to addresses that tenants chose. Clones share the connections.
#[derive(Clone)]
pub struct Outside {
    client: Client,
    /// For requests with a body, which are small and many.
    pub(super) posting: Client,
    policy: Policy,
}

/// An answer of status 2xx, as it comes.
pub struct Answer {
    pub content_type: Option<String>,
    /// As announced; the pieces are counted all the same.
    pub content_length: Option<u64>,
    response: reqwest::Response,
    most: u64,
}

impl Outside {
    pub fn new(policy: Policy) -> reqwest::Result<Self> {
        Self::resolving(policy, system())
    }

    /// With names from elsewhere than the machine's resolver.
    pub fn resolving(policy: Policy, lookup: Lookup) -> reqwest::Result<Self> {
        crypto::install_tls();
        let judge = Arc::new(Judge::new(lookup, policy.clone()));
        let builder = || {
            Client::builder()
                .dns_resolver(judge.clone())
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would resolve and connect in our place, past every check.
                .no_proxy()
                .referer(false)
                .connect_timeout(CONNECT)
                .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
        };
        let client = builder().read_timeout(SILENCE).timeout(WHOLE).build()?;
        // One connection carries one request at a time, so that a lost connection or an answer that is not read to its end costs no other.
        let posting = builder()
            .http1_only()
            .retry(reqwest::retry::never())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .build()?;
        Ok(Self {
            client,
            posting,
            policy,
        })
    }

    /// Judges an address by its looks: for an early answer to whoever typed it in. Visiting it judges it again.
    pub fn check(&self, url: &str) -> Result<Target, Refused> {
        Target::parse(url, &self.policy)
    }

    /// Fetches what is there, at most `most` bytes.
    pub async fn get(&self, target: &Target, most: u64) -> Result<Answer, Error> {
        let request = self.client.request(Method::GET, target.url().clone());
        let result = request.send().await.map_err(Error::from);
        let outcome = match &result {
            Ok(response) if response.status().is_success() => "ok",
            Ok(_) => "status",
            Err(Error::Refused(_)) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("mainstay_outside_requests_total", "outcome" => outcome).increment(1);
        let response = result?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::Redirected(status.as_u16()));
        }
        if !status.is_success() {
            return Err(Error::Status(status.as_u16()));
        }
        let content_length = response.content_length();
        if content_length.is_some_and(|length| length > most) {
            return Err(Error::TooLarge { most });
        }
        let content_type = response.headers().get(header::CONTENT_TYPE);
        Ok(Answer {
            content_type: content_type.and_then(|text| text.to_str().ok()).map(str::to_owned),
            content_length,
            response,
            most,
        })
    }
}

impl Answer {
    /// The pieces of the answer; an error ends it when they are more than was asked for.
    pub fn pieces(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        let most = self.most;
        let mut seen = 0_u64;
        self.response
            .bytes_stream()
            .map_err(Error::from)
            .and_then(move |piece| {
                seen = seen.saturating_add(piece.len() as u64);
                futures::future::ready(if seen > most {
                    Err(Error::TooLarge { most })
                } else {
                    Ok(piece)
                })
            })
    }
}
