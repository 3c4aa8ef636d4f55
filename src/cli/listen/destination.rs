//! The program that events are passed on to.

use std::time::Duration;

use anyhow::{Context, anyhow};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

use super::feed::FeedEvent;
use crate::{
    clock::Clock,
    config::Secret,
    crypto::WebhookSecret,
    egress::{EgressClient, EgressPolicy, Post, Target},
    webhooks::request,
};

/// Time limit of a whole exchange, as an endpoint has by default.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an answer is read.
const ANSWER_BYTES: usize = 4_096;

/// Where events are posted to, as webhooks just like those to an endpoint.
pub(super) struct ForwardDestination {
    egress: EgressClient,
    target: Target,
    secret: WebhookSecret,
    clock: Clock,
}

/// What came of a request.
pub(super) struct Forwarded {
    pub took: Duration,
    pub status: Option<u16>,
    /// Why it counts as not taken.
    pub error: Option<String>,
}

impl ForwardDestination {
    /// Checks the address, which may be any: whoever starts the command chose it.
    pub fn new(url: &str, secret: Option<&Secret>) -> anyhow::Result<Self> {
        let everywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("it is a network"));
        let policy = EgressPolicy {
            plain_http: true,
            networks: everywhere.to_vec(),
        };
        let egress = EgressClient::new(policy)?;
        let target = egress.check(url).map_err(|why| anyhow!("--forward: {why}"))?;
        let secret = match secret {
            Some(text) => WebhookSecret::parse(text.expose()).context("--secret")?,
            None => WebhookSecret::generate(),
        };
        Ok(Self {
            egress,
            target,
            secret,
            clock: Clock::default(),
        })
    }

    pub fn url(&self) -> &str {
        self.target.url().as_str()
    }

    /// Returns the secret that requests are signed with, for the receiving program.
    pub fn secret(&self) -> &str {
        self.secret.expose()
    }

    pub async fn post(&self, event: &FeedEvent) -> Forwarded {
        let body = request::body(&event.kind, event.occurred_at, event.data.get());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request::sign(
            &mut headers,
            [&self.secret],
            &event.id.to_string(),
            self.clock.now(),
            &body,
        );
        let posted = self.egress.post(Post {
            target: &self.target,
            headers,
            body,
            timeout: TIMEOUT,
            max_body_bytes: ANSWER_BYTES,
        });
        let outcome = posted.await;
        let status = outcome.reply.map(|reply| reply.status);
        let error = match (outcome.error, status) {
            (Some(error), _) => Some(error.to_string()),
            (None, Some(200..=299)) => None,
            (None, _) => Some("2xx is needed".to_owned()),
        };
        Forwarded {
            took: outcome.took,
            status,
            error,
        }
    }
}
