//! The HTTP layer: each handler parses a request, calls one function of a service, and renders the answer.
#![expect(
    unused_qualifications,
    reason = "the code that `utoipa::path` generates for parameters counts as ours"
)]

mod admin;
mod aliases;
mod answer;
mod api;
mod auth;
mod body;
mod byte_budget;
mod docs;
mod extract;
mod health;
mod idempotency;
mod metrics;
mod moved;
mod nul;
mod paging;
mod parameters;
mod peer;
mod problem;
mod range;
mod read_limiter;
mod request_context;
mod signed_body;
mod state;
mod verification;
mod webhooks;

pub use peer::Peer;
pub(crate) use peer::client_network;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use self::{parameters::KnownParameters, problem::Problem, request_context::RequestContext, state::HttpState};
use crate::{app::App, contacts::import, media::MAX_FILE_BYTES};

/// Time limit of a request, other than uploads and webhooks.
const LIMIT: Duration = Duration::from_secs(30);
/// Time limit of an upload.
const UPLOAD_LIMIT: Duration = Duration::from_secs(600);
/// Maximum length of a body in bytes, other than of uploads, batches of messages and webhooks.
const BODY_BYTES: usize = 1024 * 1024;
/// Maximum length of an upload: a file and the form around it.
const UPLOAD_BYTES: usize = MAX_FILE_BYTES as usize + BODY_BYTES;

/// Time limit of the upload of a file to import.
const IMPORT_LIMIT: Duration = Duration::from_secs(3_600);
/// Maximum length of such an upload: a file and the form around it.
const IMPORT_BYTES: usize = import::MAX_BYTES as usize + BODY_BYTES;

/// Builds the router of the API, and the OpenAPI document at `/api/openapi.json` from its routes.
pub fn router(app: App) -> Router {
    let state = HttpState::new(app, false);
    let (standard_routes, document) = standard_routes(&state).split_for_parts();
    let (uploads, upload_document) = api::uploads(&state).split_for_parts();
    let (bare, webhooks) = webhooks::routes().split_for_parts();
    let (imports, import_document) = api::imports(&state).split_for_parts();
    let document = document.merge_from(upload_document).merge_from(import_document);
    let known = Arc::new(KnownParameters::of(&document));
    let refuse_unknown = middleware::from_fn_with_state(known, parameters::refuse_unknown);
    let standard_routes = standard_routes
        .layer(refuse_unknown.clone())
        .merge(docs::routes(document, webhooks, state.app.config.public_url.as_deref()))
        .merge(aliases::routes())
        .fallback(request_context::no_such_route)
        .method_not_allowed_fallback(request_context::no_such_method);
    let imports = imports
        .layer(refuse_unknown.clone())
        .method_not_allowed_fallback(request_context::no_such_method)
        .layer(DefaultBodyLimit::max(IMPORT_BYTES));
    let uploads = uploads
        .layer(refuse_unknown)
        .method_not_allowed_fallback(request_context::no_such_method)
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES));
    let bare = bare.method_not_allowed_fallback(request_context::no_such_method);
    bare.merge(with_context(standard_routes, &state, LIMIT))
        .merge(with_context(uploads, &state, UPLOAD_LIMIT))
        .merge(with_context(imports, &state, IMPORT_LIMIT))
        .with_state(state)
}

/// Builds the router of a separate metrics listener: health and metrics only.
pub fn metrics_router(app: App) -> Router {
    let state = HttpState::new(app, true);
    let (routes, _) = OpenApiRouter::new()
        .merge(health::routes())
        .merge(metrics::routes())
        .split_for_parts();
    let routes = routes
        .fallback(request_context::no_such_route)
        .method_not_allowed_fallback(request_context::no_such_method);
    with_context(routes, &state, LIMIT).with_state(state)
}

/// Returns the answer to a request whose connection exceeds the connection limit.
pub fn no_room() -> Response {
    const DETAIL: &str =
        "There are more connections than are taken here. Close those that are not needed, and try again.";
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too-many-connections",
        "Too many connections",
        DETAIL,
    )
    .retry_after(1)
    .into_response()
}

/// Returns the answer to a request without a `Host` header, or with several: a proxy and this server could take it for requests to
/// different hosts.
pub(crate) fn no_host() -> Response {
    const DETAIL: &str = "A request of HTTP/1.1 has one header Host (RFC 9112, section 3.2). Send it once.";
    Problem::new(StatusCode::BAD_REQUEST, "bad-host", "Bad Host header", DETAIL).into_response()
}

fn standard_routes(state: &HttpState) -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .merge(api::routes(state))
        .merge(admin::routes())
        .merge(health::routes())
        .merge(metrics::routes())
}

fn with_context(routes: Router<HttpState>, state: &HttpState, limit: Duration) -> Router<HttpState> {
    let request_context = RequestContext {
        clock: state.app.clock.clone(),
        memory: state.memory.clone(),
        limit,
    };
    wrap(routes, request_context)
}

/// Adds the middleware. The panic handler is inside the request context, so that the problem made of a panic has a request id too.
fn wrap<S: Clone + Send + Sync + 'static>(routes: Router<S>, request_context: RequestContext) -> Router<S> {
    routes
        .layer(CatchPanicLayer::custom(request_context::panicked))
        .layer(middleware::from_fn_with_state(
            request_context,
            request_context::request_context,
        ))
}

#[cfg(test)]
mod tests;
