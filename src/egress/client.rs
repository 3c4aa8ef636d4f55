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
    EgressPolicy, Error, Refused, Target,
    allowance::{Allowance, BEFORE_ANSWER},
    connect::Connector,
    names::{Judge, Lookup},
    system,
};

/// Until the head of an answer, and then between two pieces of it.
const SILENCE: Duration = Duration::from_secs(30);
/// For a whole answer: a sender of one byte a minute does not hold us for ever.
const WHOLE: Duration = Duration::from_secs(300);
/// For how long a connection is kept for the next request with a body. Many servers close theirs after five seconds, and one that is
/// closed while it is written to costs the request.
const IDLE: Duration = Duration::from_secs(4);
/// Connections to one host kept in that time: many tenants may receive at one.
const KEPT: usize = 512;
/// The longest head of an answer, in bytes.
const HEAD: usize = 64 * 1024;
const USER_AGENT: &str = concat!("mainstay/", env!("CARGO_PKG_VERSION"));

/// Makes requests to addresses that tenants chose, over HTTP/1.1. Clones share the connections.
#[derive(Clone)]
pub struct EgressClient {
    client: Client<Connector, Full<Bytes>>,
    policy: EgressPolicy,
}

/// An answer of status 2xx, as it comes.
pub struct Answer {
    pub content_type: Option<String>,
    /// As announced; the pieces are counted all the same.
    pub content_length: Option<u64>,
    body: Incoming,
    allowance: Option<Allowance>,
    most: u64,
    /// When the whole of it must have come.
    end: Instant,
}

impl EgressClient {
    pub fn new(policy: EgressPolicy) -> Result<Self, rustls::Error> {
        Self::resolving(policy, system())
    }

    /// With names from elsewhere than the machine's resolver.
    pub fn resolving(policy: EgressPolicy, lookup: Lookup) -> Result<Self, rustls::Error> {
        let connector = Connector::new(Judge::new(lookup, policy.clone()))?;
        // One connection carries one request at a time, so that a lost connection or an answer that is not read to its end costs no
        // other. hyper changes to another connection only for a request it has not begun to write.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .http1_max_buf_size(HEAD)
            .build(connector);
        Ok(Self { client, policy })
    }

    /// Judges an address by its looks: for an early answer to whoever typed it in. Visiting it judges it again.
    pub fn check(&self, url: &str) -> Result<Target, Refused> {
        Target::parse(url, &self.policy)
    }

    /// Sends a request and waits for the head of the answer, however long that takes.
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

    /// Fetches what is there, at most `most` bytes.
    pub async fn get(&self, target: &Target, most: u64) -> Result<Answer, Error> {
        let now = Instant::now();
        let request = self.send(Method::GET, target, HeaderMap::new(), Bytes::new());
        let result = timeout_at(now + SILENCE, request).await;
        let result = result.unwrap_or(Err(Error::Timeout));
        let outcome = match &result {
            Ok(response) if response.status().is_success() => "ok",
            Ok(_) => "status",
            Err(Error::Refused(_)) => "refused",
            Err(Error::Endless { .. }) => "endless",
            Err(_) => "failed",
        };
        metrics::counter!("mainstay_outside_requests_total", "outcome" => outcome).increment(1);
        let (head, body) = result?.into_parts();
        if head.status.is_redirection() {
            return Err(Error::Redirected(head.status.as_u16()));
        }
        if !head.status.is_success() {
            return Err(Error::Status(head.status.as_u16()));
        }
        let content_length = body.size_hint().exact();
        if content_length.is_some_and(|length| length > most) {
            return Err(Error::TooLarge { most });
        }
        let allowance = head.extensions.get::<Allowance>().cloned();
        if let Some(allowance) = &allowance {
            allowance.set_for_body(most);
        }
        let content_type = head.headers.get(header::CONTENT_TYPE);
        Ok(Answer {
            content_type: content_type.and_then(|text| text.to_str().ok()).map(str::to_owned),
            content_length,
            body,
            allowance,
            most,
            end: now + WHOLE,
        })
    }
}

impl Answer {
    /// The pieces of the answer; an error ends it when they are more than was asked for, or come too slowly.
    pub fn pieces(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        let (most, end) = (self.most, self.end);
        try_unfold(
            (self.body, self.allowance, 0_u64),
            move |(mut body, allowance, seen)| async move {
                let until = end.min(Instant::now() + SILENCE);
                let piece = timeout_at(until, next(&mut body)).await.map_err(|_| Error::Timeout)?;
                let Some(piece) = piece.map_err(|error| error.within(most))? else {
                    if let Some(allowance) = allowance {
                        allowance.set(BEFORE_ANSWER);
                    }
                    return Ok(None);
                };
                let seen = seen.saturating_add(piece.len() as u64);
                match seen > most {
                    true => Err(Error::TooLarge { most }),
                    false => Ok(Some((piece, (body, allowance, seen)))),
                }
            },
        )
    }
}

/// The next piece of a body; none at its end, or at its trailers, which nobody reads.
pub(super) async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Error> {
    match body.frame().await.transpose()? {
        Some(frame) => Ok(frame.into_data().ok()),
        None => Ok(None),
    }
}
