//! POST requests, such as outgoing webhooks.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, header};
use hyper::body::Incoming;

use super::{
    EgressClient, Error, Target, UrlRefused,
    client::next_chunk,
    read_budget::{HEAD_BUDGET, ReadBudget},
};

/// A request with a body, such as an outgoing webhook. Sent once: no retry, no redirects.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    pub target: &'a Target,
    /// All headers except `host`, `content-length` and, unless set here, `user-agent`.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Time limit from name resolution to the last byte read of the response.
    pub timeout: Duration,
    /// How many bytes of the response body are read. The rest is not waited for.
    pub max_body_bytes: usize,
}

/// The outcome of a request, answered or not.
#[derive(Debug)]
pub struct PostOutcome {
    pub took: Duration,
    /// None if the request timed out or the connection was lost before a status was read.
    pub reply: Option<PartialResponse>,
    /// Why the exchange was not completed. Never [`Error::Status`], [`Error::Redirected`] or [`Error::TooLarge`]: the caller interprets the
    /// status.
    pub error: Option<Error>,
}

/// The part of a response that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialResponse {
    pub status: u16,
    /// The `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3).
    pub retry_after: Option<String>,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

impl EgressClient {
    /// Sends the request and reads the beginning of the response, whatever its status.
    pub async fn post(&self, post: Post<'_>) -> PostOutcome {
        let begun = Instant::now();
        let mut reply = None;
        let (timeout, max) = (post.timeout, post.max_body_bytes);
        let exchange = async {
            let response = self.send(Method::POST, post.target, post.headers, post.body).await?;
            read(response, max, &mut reply).await
        };
        let error = match tokio::time::timeout(timeout, exchange).await {
            Ok(ended) => ended.err(),
            Err(_) => Some(Error::Timeout),
        };
        metrics::counter!("mainstay_egress_posts_total", "outcome" => outcome(reply.as_ref(), error.as_ref()))
            .increment(1);
        PostOutcome {
            took: begun.elapsed(),
            reply,
            error,
        }
    }
}

async fn read(response: Response<Incoming>, max: usize, reply: &mut Option<PartialResponse>) -> Result<(), Error> {
    let (head, mut body) = response.into_parts();
    let budget = head.extensions.get::<ReadBudget>();
    if let Some(budget) = budget {
        budget.set_for_body(max as u64);
    }
    let retry_after = head.headers.get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let reply = reply.insert(PartialResponse {
        status: head.status.as_u16(),
        retry_after,
        body: Vec::new(),
    });
    while reply.body.len() < max {
        let Some(piece) = next_chunk(&mut body).await? else {
            break;
        };
        let room = max - reply.body.len();
        reply.body.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    if let Some(budget) = budget {
        budget.set(HEAD_BUDGET);
    }
    Ok(())
}

fn outcome(reply: Option<&PartialResponse>, error: Option<&Error>) -> &'static str {
    match (error, reply) {
        (None, Some(reply)) if (200..300).contains(&reply.status) => "ok",
        (None, _) => "status",
        (Some(Error::Refused(UrlRefused::Name | UrlRefused::Address { .. })), _) => "refused",
        (Some(Error::Timeout), _) => "timeout",
        (Some(Error::InvalidHttp(_)), _) => "garbage",
        (Some(Error::Endless { .. }), _) => "endless",
        (Some(_), _) => "failed",
    }
}
