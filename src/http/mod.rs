//! The HTTP edge: parse, call one verb, answer.
#![expect(
    unused_qualifications,
    reason = "what `utoipa::path` writes about parameters counts as ours"
)]

mod admin;
mod answer;
mod api;
mod auth;
mod body;
mod docs;
mod edge;
mod extract;
mod frame;
mod health;
mod metrics;
mod nul;
mod once;
mod paging;
mod parameters;
mod peer;
mod problem;
mod range;
mod reads;
mod room;
mod signed_body;
mod verification;
mod webhooks;

pub use peer::{Peer, client_network};

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

use self::{edge::Edge, frame::Frame, parameters::Parameters, problem::Problem};
use crate::{app::App, media::MAX_FILE_BYTES};

/// The longest a request may take, webhooks aside.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest an upload may take.
const UPLOAD_LIMIT: Duration = Duration::from_secs(600);
/// The longest body taken, in bytes, but for uploads, batches of messages and webhooks.
const BODY_BYTES: usize = 1024 * 1024;
/// The longest upload: a file, and the form around it.
const UPLOAD_BYTES: usize = MAX_FILE_BYTES as usize + BODY_BYTES;

/// The table of routes. The document at `/api/openapi.json` is made from it.
pub fn router(app: App) -> Router {
    let edge = Edge::new(app, false);
    let (framed, document) = framed(&edge).split_for_parts();
    let (uploads, upload_document) = api::uploads(&edge).split_for_parts();
    let (bare, webhooks) = webhooks::routes().split_for_parts();
    let document = document.merge_from(upload_document);
    let known = Arc::new(Parameters::of(&document));
    let refuse_unknown = middleware::from_fn_with_state(known, parameters::refuse_unknown);
    let framed = framed
        .layer(refuse_unknown.clone())
        .merge(docs::routes(document, webhooks))
        .fallback(frame::no_such_route)
        .method_not_allowed_fallback(frame::no_such_method);
    let uploads = uploads
        .layer(refuse_unknown)
        .method_not_allowed_fallback(frame::no_such_method)
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES));
    let bare = bare.method_not_allowed_fallback(frame::no_such_method);
    bare.merge(in_frame(framed, &edge, LIMIT))
        .merge(in_frame(uploads, &edge, UPLOAD_LIMIT))
        .with_state(edge)
}

/// What a process shows of itself on an address of its own: health and metrics.
pub fn watching_router(app: App) -> Router {
    let edge = Edge::new(app, true);
    let (routes, _) = OpenApiRouter::new()
        .merge(health::routes())
        .merge(metrics::routes())
        .split_for_parts();
    let routes = routes
        .fallback(frame::no_such_route)
        .method_not_allowed_fallback(frame::no_such_method);
    in_frame(routes, &edge, LIMIT).with_state(edge)
}

/// The answer to a request for whose connection there is no room.
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

/// The answer to a request without a `Host`, or with several: a proxy and this server could take it for requests to different hosts.
pub fn no_host() -> Response {
    const DETAIL: &str = "A request of HTTP/1.1 has one header Host (RFC 9112, section 3.2). Send it once.";
    Problem::new(StatusCode::BAD_REQUEST, "bad-host", "Bad Host header", DETAIL).into_response()
}

fn framed(edge: &Edge) -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .merge(api::routes(edge))
        .merge(admin::routes())
        .merge(health::routes())
        .merge(metrics::routes())
}

fn in_frame(routes: Router<Edge>, edge: &Edge, limit: Duration) -> Router<Edge> {
    let frame = Frame {
        clock: edge.app.clock.clone(),
        memory: edge.memory.clone(),
        limit,
    };
    wrap(routes, frame)
}

/// From the outside in: the frame, then the net for panics, so that what a panic becomes has a request id too.
fn wrap<S: Clone + Send + Sync + 'static>(routes: Router<S>, frame: Frame) -> Router<S> {
    routes
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(middleware::from_fn_with_state(frame, frame::frame))
}

#[cfg(test)]
mod tests;
