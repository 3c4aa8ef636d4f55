use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, header};
use hyper::body::Incoming;

use super::{
    EgressClient, Error, Refused, Target,
    allowance::{Allowance, BEFORE_ANSWER},
    client::next,
};

/// A request with a body, e.g. an outgoing webhook. It is made once: nothing is repeated, no redirect followed.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    pub target: &'a Target,
    /// All of them but `host`, `content-length` and, unless it is here, `user-agent`.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// From resolving the name to the last byte that is read of the answer.
    pub within: Duration,
    /// How many bytes of the answer are read. What comes after them is not waited for.
    pub most: usize,
}

/// What became of a request, whether or not it was answered.
#[derive(Debug)]
pub struct Posted {
    pub took: Duration,
    /// Nothing if the time was over, or the connection, before a status was read.
    pub reply: Option<Reply>,
    /// Why the request or its answer did not come to an end. Never [`Error::Status`], [`Error::Redirected`] or [`Error::TooLarge`]: what a
    /// status means is for the caller to say.
    pub error: Option<Error>,
}

/// As much of an answer as was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// The header of that name: seconds, or a date (RFC 9110 §10.2.3).
    pub retry_after: Option<String>,
    /// The first bytes of the body.
    pub body: Vec<u8>,
}

impl EgressClient {
    /// Makes the request and reads the beginning of its answer, whatever its status.
    pub async fn post(&self, post: Post<'_>) -> Posted {
        let begun = Instant::now();
        let mut reply = None;
        let (within, most) = (post.within, post.most);
        let exchange = async {
            let response = self.send(Method::POST, post.target, post.headers, post.body).await?;
            read(response, most, &mut reply).await
        };
        let error = match tokio::time::timeout(within, exchange).await {
            Ok(ended) => ended.err(),
            Err(_) => Some(Error::Timeout),
        };
        metrics::counter!("mainstay_outside_posts_total", "outcome" => outcome(reply.as_ref(), error.as_ref()))
            .increment(1);
        Posted {
            took: begun.elapsed(),
            reply,
            error,
        }
    }
}

async fn read(response: Response<Incoming>, most: usize, reply: &mut Option<Reply>) -> Result<(), Error> {
    let (head, mut body) = response.into_parts();
    let allowance = head.extensions.get::<Allowance>();
    if let Some(allowance) = allowance {
        allowance.set_for_body(most as u64);
    }
    let retry_after = head.headers.get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let reply = reply.insert(Reply {
        status: head.status.as_u16(),
        retry_after,
        body: Vec::new(),
    });
    while reply.body.len() < most {
        let Some(piece) = next(&mut body).await? else {
            break;
        };
        let room = most - reply.body.len();
        reply.body.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    if let Some(allowance) = allowance {
        allowance.set(BEFORE_ANSWER);
    }
    Ok(())
}

fn outcome(reply: Option<&Reply>, error: Option<&Error>) -> &'static str {
    match (error, reply) {
        (None, Some(reply)) if (200..300).contains(&reply.status) => "ok",
        (None, _) => "status",
        (Some(Error::Refused(Refused::Name | Refused::Address { .. })), _) => "refused",
        (Some(Error::Timeout), _) => "timeout",
        (Some(Error::Garbage(_)), _) => "garbage",
        (Some(Error::Endless { .. }), _) => "endless",
        (Some(_), _) => "failed",
    }
}
