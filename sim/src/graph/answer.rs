//! What goes back over the wire.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// A mark on an answer that is never to leave: the connection is closed instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("a JSON value with string keys always serialises into memory");
    (status, [(header::CONTENT_TYPE, JSON)], bytes).into_response()
}

pub(crate) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

pub(crate) fn success() -> Value {
    json!({"success": true})
}

/// No answer at all.
pub(crate) fn lost() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Lost);
    response
}

/// What a proxy in front of a broken server says: HTML.
pub(crate) fn broken(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!("<html><body><h1>{status}</h1></body></html>");
    (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// 200 with half a body.
pub(crate) fn unreadable() -> Response {
    (
        [(header::CONTENT_TYPE, JSON)],
        r#"{"messaging_product":"whatsapp","conta"#,
    )
        .into_response()
}
