//! The reference of the API: pages made from the OpenAPI document and from the guides when the server starts. They need no script, and
//! nothing from elsewhere.

mod code;
mod guides;
mod markdown;
mod operations;
mod rows;
mod schemas;

use askama::Template;
use axum::{
    Router,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use serde_json::Value;

use self::{guides::Guide, operations::Group, schemas::SchemaEntry};
use crate::http::state::HttpState;

const ROOT: &str = "/api/docs/";
const STYLE: &str = include_str!("style.css");
/// Styles from here, pictures and scripts from nowhere; no frame around it (clickjacking).
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The reference: every operation, schema and event.
#[derive(Template)]
#[template(path = "http/docs/reference/reference.html")]
struct ReferencePage<'a> {
    version: &'a str,
    guides: &'a [Guide],
    /// What holds for every operation, as HTML.
    description: String,
    groups: &'a [Group],
    schemas: &'a [SchemaEntry],
}

#[derive(Template)]
#[template(path = "http/docs/reference/guide.html")]
struct GuidePage<'a> {
    version: &'a str,
    guides: &'a [Guide],
    guide: &'a Guide,
}

/// Serves the reference.
pub(super) fn routes(document: &Value) -> Router<HttpState> {
    let guides = guides::all();
    let version = document["info"]["version"].as_str().unwrap_or_default();
    let groups = operations::groups(document);
    let reference = ReferencePage {
        version,
        guides: &guides,
        description: markdown::html(document["info"]["description"].as_str().unwrap_or_default()),
        groups: &groups,
        schemas: &schemas::all(document),
    };
    let mut router = Router::new()
        .route("/api/docs", get(async || Redirect::to(ROOT)))
        .route(
            ROOT,
            serve("text/html; charset=utf-8", reference.render().unwrap_or_default()),
        )
        .route(
            "/api/docs/style.css",
            serve("text/css; charset=utf-8", STYLE.to_owned()),
        );
    for guide in &guides {
        let page = GuidePage {
            version,
            guides: &guides,
            guide,
        };
        let path = format!("/api/docs/guides/{}", guide.name);
        router = router.route(
            &path,
            serve("text/html; charset=utf-8", page.render().unwrap_or_default()),
        );
    }
    router
}

/// Serves a text that does not change.
fn serve(kind: &'static str, text: String) -> axum::routing::MethodRouter<HttpState> {
    let text = Bytes::from(text);
    get(move || {
        let text = text.clone();
        async move { respond(kind, text) }
    })
}

fn respond(kind: &'static str, text: Bytes) -> Response {
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::OK, headers, text).into_response()
}
