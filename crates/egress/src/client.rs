//! The HTTP client.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream::try_unfold};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::{Instant, timeout_at};

use super::{
    EgressPolicy, Error, Target, UrlRefused,
    connect::Connector,
    read_budget::{HEAD_BUDGET, ReadBudget},
    resolver::{Lookup, SafeResolver},
    system,
};

/// Time limit for the head of a response, and between two chunks of its body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Time limit for a whole response: bounds a server that sends one byte a minute.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(300);
/// How long an idle connection is kept. Many servers close theirs after five seconds, and one closed while a request is written costs that
/// request.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Maximum number of idle connections per host: many tenants may have receivers on one.
const POOL_MAX_IDLE_PER_HOST: usize = 512;
/// Maximum size of a response head, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const USER_AGENT: &str = concat!("mainstay/", env!("CARGO_PKG_VERSION"));

/// An HTTP/1.1 client for addresses chosen by tenants. Clones share the connections.
#[derive(Clone)]
pub struct EgressClient {
    client: Client<Connector, Full<Bytes>>,
    policy: EgressPolicy,
}

/// A response of status 2xx, whose body is still to be read.
pub struct EgressResponse {
    pub content_type: Option<String>,
    /// As announced; the chunks are counted nevertheless.
    pub content_length: Option<u64>,
    body: Incoming,
    budget: Option<ReadBudget>,
    max: u64,
    /// The deadline of the whole response.
    end: Instant,
}

impl EgressClient {
    pub fn new(policy: EgressPolicy) -> Result<Self, rustls::Error> {
        Self::with_lookup(policy, system())
    }

    /// Creates a client with another resolver than the system's.
    pub fn with_lookup(policy: EgressPolicy, lookup: Lookup) -> Result<Self, rustls::Error> {
        let connector = Connector::new(SafeResolver::new(lookup, policy.clone()))?;
        // A connection carries one request at a time, so a lost connection or a partly read response costs no other request. hyper retries
        // on another connection only before it has begun to write.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_MAX_IDLE_PER_HOST)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .build(connector);
        Ok(Self { client, policy })
    }

    /// Checks an address syntactically, for early feedback. A request checks it again.
    pub fn check(&self, url: &str) -> Result<Target, UrlRefused> {
        Target::parse(url, &self.policy)
    }

    /// Sends a request and waits for the head of the response, without a time limit.
    pub(super) async fn send(
        &self,
        method: Method,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.uri();
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        for (name, value) in [(header::ACCEPT, "*/*"), (header::USER_AGENT, USER_AGENT)] {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        Ok(self.client.request(request).await?)
    }

    /// Fetches at most `max` bytes.
    pub async fn get(&self, target: &Target, max: u64) -> Result<EgressResponse, Error> {
        let now = Instant::now();
        let request = self.send(Method::GET, target, HeaderMap::new(), Bytes::new());
        let result = timeout_at(now + READ_TIMEOUT, request).await;
        let result = result.unwrap_or(Err(Error::Timeout));
        let outcome = match &result {
            Ok(response) if response.status().is_success() => "ok",
            Ok(_) => "status",
            Err(Error::Refused(_)) => "refused",
            Err(Error::Endless { .. }) => "endless",
            Err(_) => "failed",
        };
        metrics::counter!("mainstay_egress_requests_total", "outcome" => outcome).increment(1);
        let (head, body) = result?.into_parts();
        if head.status.is_redirection() {
            return Err(Error::Redirected(head.status.as_u16()));
        }
        if !head.status.is_success() {
            return Err(Error::Status(head.status.as_u16()));
        }
        let content_length = body.size_hint().exact();
        if content_length.is_some_and(|length| length > max) {
            return Err(Error::TooLarge { max });
        }
        let budget = head.extensions.get::<ReadBudget>().cloned();
        if let Some(budget) = &budget {
            budget.set_for_body(max);
        }
        let content_type = head.headers.get(header::CONTENT_TYPE);
        Ok(EgressResponse {
            content_type: content_type.and_then(|text| text.to_str().ok()).map(str::to_owned),
            content_length,
            body,
            budget,
            max,
            end: now + TOTAL_TIMEOUT,
        })
    }
}

impl EgressResponse {
    /// Returns the body's chunks. The stream ends with an error when the body exceeds the limit or is too slow.
    pub fn chunks(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        let (max, end) = (self.max, self.end);
        try_unfold(
            (self.body, self.budget, 0_u64),
            move |(mut body, budget, seen)| async move {
                let until = end.min(Instant::now() + READ_TIMEOUT);
                let piece = timeout_at(until, next_chunk(&mut body))
                    .await
                    .map_err(|_| Error::Timeout)?;
                let Some(piece) = piece.map_err(|error| error.with_limit(max))? else {
                    if let Some(budget) = budget {
                        budget.set(HEAD_BUDGET);
                    }
                    return Ok(None);
                };
                let seen = seen.saturating_add(piece.len() as u64);
                match seen > max {
                    true => Err(Error::TooLarge { max }),
                    false => Ok(Some((piece, (body, budget, seen)))),
                }
            },
        )
    }
}

/// Returns the next chunk of a body; none at its end or at its trailers, which are ignored.
pub(super) async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, Error> {
    match body.frame().await.transpose()? {
        Some(frame) => Ok(frame.into_data().ok()),
        None => Ok(None),
    }
}
