//! The OpenAPI document, built from the routes and completed, and the reference that shows it.

use axum::{Router, http::header, routing::get};
use bytes::Bytes;
use utoipa::openapi::{
    Components, InfoBuilder, Object, ObjectBuilder, OpenApi, RefOr, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    security::{Http, HttpAuthScheme, SecurityScheme},
    tag::TagBuilder,
};
use utoipa::{PartialSchema, ToSchema};

mod access;
mod by_reference;
mod complete;
mod defaults;
mod enums;
mod events;
mod free_objects;
mod links;
mod operations;
mod payloads;
mod problems;
mod redirects;
mod reference;
mod request_examples;
mod tags;

use self::{
    operations::OPERATIONS,
    problems::{describe, problem},
    tags::TAGS,
};
use super::{idempotency::KEY_LENGTH, problem::ProblemBody, state::HttpState};

const DESCRIPTION: &str = "\
A self-hosted backend for the WhatsApp Business Platform.

**Authentication.** `/api/v1` takes an API key of a tenant, `/admin` the operator's token; both as `Authorization: Bearer …`. \
`/health/live` and \
`/health/ready` are open; `/health` and `/metrics` take the metrics token, and are open where the API listens on loopback only and on \
MAINSTAY_METRICS_LISTEN.

**Lists** come in pages: `limit` (1 to 200) and `cursor`, which is `next_cursor` of the page before; null on the last page.

**`Idempotency-Key`** (1 to 255 visible characters) may stand with every POST under `/api/v1` but uploads: the same request with the same key \
within 24 hours gets the same answer, marked `idempotent-replayed: true`, and does nothing again. A rejected request may be sent again with its key. \
409 says that the key was used for another request (`key-reused`), that the first is in progress (`under-way`), or that its outcome is unknown \
(`outcome-unknown`).

**Problems** are `application/problem+json` (RFC 9457) with a stable `type` and a `request_id`. A header `x-request-id` is \
taken over and echoed.

**Times** are RFC 3339 in UTC.";

/// The header of the idempotency key.
const KEY: &str = "idempotency-key";
/// Routes without idempotency keys: the same bytes are stored once anyway.
const UPLOADS: [&str; 2] = ["/api/v1/media", "/api/v1/media/import"];

/// Serves the document and the reference. `public_url` is where this server is reached from outside, if that is known.
pub fn routes(api: OpenApi, webhooks: OpenApi, public_url: Option<&str>) -> Router<HttpState> {
    let document = complete::document(finish(webhooks.merge_from(api)), public_url);
    let text = Bytes::from(document.to_string());
    let json = move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], text) }
    };
    Router::new()
        .route("/api/openapi.json", get(json))
        .merge(reference::routes(&document))
        .merge(redirects::routes())
}

/// Adds what the routes do not declare one by one: security schemes, tags, operation ids, permissions and problems.
fn finish(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Mainstay")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .build();
    let tag = |(name, says): &(&str, &str)| TagBuilder::new().name(*name).description(Some(*says)).build();
    document.tags = Some(TAGS.iter().map(tag).collect());
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("api_key", bearer());
    components.add_security_scheme("admin_token", bearer());
    components.add_security_scheme("metrics_token", bearer());
    let name = ProblemBody::name().into_owned();
    components.schemas.insert(name, ProblemBody::schema());
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                identify(method, path, operation);
                describe(method, path, operation);
                access::declare(operation);
                if method == "post" && path.starts_with("/api/v1") && !UPLOADS.contains(&path.as_str()) {
                    declare_idempotency_key(operation);
                }
            }
        }
    }
    links::add(&mut document);
    document
}

/// Sets the id and the tag of an operation. A test finds operations missing in `operations.rs`.
fn identify(method: &str, path: &str, operation: &mut Operation) {
    let known = OPERATIONS.iter().find(|it| (it.0, it.1) == (method, path));
    operation.operation_id = known.map(|it| it.2.to_owned());
    operation.tags = known.map(|it| vec![it.3.to_owned()]);
}

/// Returns the schema of an `Idempotency-Key`.
pub(crate) fn key_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_LENGTH))
        .pattern(Some("^[!-~]([ -~]*[!-~])?$"))
        .build()
}

/// Declares the `Idempotency-Key` header and the 409 of an operation, unless it declares them itself.
fn declare_idempotency_key(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    let is_key = |it: &RefOr<Parameter>| matches!(it, RefOr::T(it) if it.name == KEY);
    if !parameters.iter().any(is_key) {
        let key = ParameterBuilder::new()
            .name(KEY)
            .parameter_in(ParameterIn::Header)
            .description(Some("Any text of up to 255 characters that is new for each request"))
            .schema(Some(key_schema()));
        parameters.push(RefOr::T(key.build()));
    }
    let used = problem("The key was used for another request, or that is under way");
    let responses = &mut operation.responses.responses;
    responses.entry("409".to_owned()).or_insert(RefOr::T(used));
}
