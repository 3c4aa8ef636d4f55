//! The middleware around every route but the webhooks: request id, span, time limit, memory account, security headers, and errors rendered
//! as problems.

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

/// The id of a request: the caller's `x-request-id`, or one made here.
#[derive(Clone)]
pub(crate) struct RequestId(pub Arc<str>);

/// What the middleware of one router needs.
#[derive(Clone)]
pub(crate) struct RequestContext {
    pub clock: Clock,
    /// The memory budget of requests.
    pub memory: Arc<MemoryBudget>,
    /// The time limit of one request.
    pub limit: Duration,
}

/// Runs one request inside its span, time limit and memory account.
///
/// The span names the route's pattern, never the path itself, which may hold a phone number.
pub(crate) async fn request_context(
    State(request_context): State<RequestContext>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(&request_context.clock, request.headers().get(REQUEST_ID));
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
    // Dropped when the request is answered, which releases whatever was charged to it.
    let memory = RequestMemory::new(request_context.memory.clone());
    request.extensions_mut().insert(memory.clone());
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let run = tokio::time::timeout(request_context.limit, next.run(request)).instrument(span.clone());
    let mut response = run.await.unwrap_or_else(|_| {
        span.in_scope(|| {
            tracing::error!(
                limit_seconds = request_context.limit.as_secs(),
                "a request exceeded its time limit"
            )
        });
        too_slow().into_response()
    });
    response = answer::charge_response(response, &memory).unwrap_or_else(IntoResponse::into_response);
    drop(memory);
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        // Headers added since the problem was rendered, such as `ratelimit-remaining`, stay.
        let rendered = problem.render(Some(&id));
        *response.body_mut() = rendered.into_body();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    add_security_headers(response.headers_mut());
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
        ("method", method_label(&method).to_owned()),
        ("route", route),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!("mainstay_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    response
}

/// Returns the method as a metric label: a known method, else `other`, since clients may invent any number of them.
fn method_label(method: &Method) -> &str {
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

/// Returns the memory account of a request. A request outside this middleware gets an empty budget.
pub fn memory(head: &Parts) -> RequestMemory {
    let account = head.extensions.get::<RequestMemory>().cloned();
    account.unwrap_or_else(|| RequestMemory::new(Arc::new(MemoryBudget::new(0))))
}

/// Adds security and cache headers unless the handler has set its own.
fn add_security_headers(headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CACHE_CONTROL, "no-store");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    // A handler with its own policy, such as the one for files, decides about framing itself.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
}

/// Returns the caller's `x-request-id` if it is fit for a log line (1 to 128 characters of a safe set), else a new id.
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
        "The request was aborted. Ask for less at once, or try again later.",
    )
}

/// Turns a panic of a handler into a 500: the panic's message is logged and not sent.
pub(crate) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let said = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("nothing");
    tracing::error!(panic = said, "a request handler panicked");
    Problem::internal().into_response()
}

pub(crate) async fn no_such_route() -> Problem {
    const DETAIL: &str = "There is nothing at this address. What there is stands in /api/docs.";
    Problem::new(StatusCode::NOT_FOUND, "no-such-route", "Not found", DETAIL)
}

pub(crate) async fn no_such_method() -> Problem {
    const DETAIL: &str = "This address does not take that method; the header Allow says which it takes.";
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        DETAIL,
    )
}
