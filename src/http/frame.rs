//! What stands around every route but the webhooks': a request id, a span, a time limit, an account of its memory, an answer in the form of a problem
//! whatever goes wrong.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::Instant;
use tracing::Instrument;

use super::{answer, problem::Problem};
use crate::{
    clock::{Clock, uuid_at},
    memory::{MemoryBudget, RequestMemory},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Clone)]
pub struct Frame {
    pub clock: Clock,
    /// What requests may hold.
    pub memory: Arc<MemoryBudget>,
    /// The longest a request may take.
    pub limit: Duration,
}

/// Runs the request inside its frame. The span names the route's pattern, never the address itself: that may hold a phone
/// number.
pub async fn frame(State(frame): State<Frame>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&frame.clock, request.headers().get(REQUEST_ID));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let span = tracing::info_span!(
        "request",
        request.id = id,
        http.method = %method,
        http.route = route,
        http.status = tracing::field::Empty,
    );
    // Whatever the request was charged is given back when it is answered.
    let memory = RequestMemory::new(frame.memory.clone());
    request.extensions_mut().insert(memory.clone());
    let run = tokio::time::timeout(frame.limit, next.run(request)).instrument(span.clone());
    let mut response = run.await.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!(limit_seconds = frame.limit.as_secs(), "a request took too long"));
        too_slow().into_response()
    });
    response = answer::charged(response, &memory).unwrap_or_else(IntoResponse::into_response);
    drop(memory);
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        // Whatever headers were put on it since, such as the rate that is left, stay.
        let rendered = problem.render(Some(&id));
        *response.body_mut() = rendered.into_body();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    guard(response.headers_mut());
    let status = response.status();
    span.record("http.status", status.as_u16());
    let elapsed = began.elapsed();
    span.in_scope(|| {
        tracing::debug!(
            elapsed_ms = elapsed.as_millis() as u64,
            status = status.as_u16(),
            "answered"
        )
    });
    let labels = [
        ("method", label(&method).to_owned()),
        ("route", route),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!("mainstay_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    response
}

/// A method as a label: a client may invent any number of others.
fn label(method: &Method) -> &str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    if KNOWN.contains(method) {
        method.as_str()
    } else {
        "other"
    }
}

/// The account that the frame opened. A request without a frame may hold nothing.
pub fn memory(head: &Parts) -> RequestMemory {
    let account = head.extensions.get::<RequestMemory>().cloned();
    account.unwrap_or_else(|| RequestMemory::new(Arc::new(MemoryBudget::new(0))))
}

/// What browsers and caches may do with an answer: nothing, unless its handler says otherwise.
fn guard(headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CACHE_CONTROL, "no-store");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    // Who has a policy of its own, as files have, may be framed as that says.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
}

/// The caller's own id when it is one that can stand in a log line, else one of ours.
fn request_id(clock: &Clock, given: Option<&HeaderValue>) -> String {
    let sane = |id: &&str| {
        (1..=128).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte))
    };
    match given.and_then(|id| id.to_str().ok()).filter(sane) {
        Some(id) => id.to_owned(),
        None => format!("req_{}", uuid_at(clock.now()).simple()),
    }
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::GATEWAY_TIMEOUT,
        "too-slow",
        "Timed out",
        "The request was given up. Ask for less at once, or try again later.",
    )
}

/// What a panic becomes: logged with what it said, answered without.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let said = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("nothing");
    tracing::error!(panic = said, "a request handler panicked");
    Problem::internal().into_response()
}

pub async fn no_such_route() -> Problem {
    const DETAIL: &str = "There is nothing at this address. What there is stands in /api/docs.";
    Problem::new(StatusCode::NOT_FOUND, "no-such-route", "Not found", DETAIL)
}

pub async fn no_such_method() -> Problem {
    const DETAIL: &str = "This address does not take that method; the header Allow says which it takes.";
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        DETAIL,
    )
}
