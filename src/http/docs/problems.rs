//! The problems that operations answer with, for the OpenAPI document.

use utoipa::{
    ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, path::Operation, security::SecurityRequirement},
};

use crate::http::problem::ProblemBody;

/// The routes that open with a link instead of an API key.
const OF_LINKS: &[&str] = &["/api/v1/media/{id}/content", "/api/v1/exports/{id}/content"];

/// (status, description) of problems that every operation may answer with.
const EVERYWHERE: &[(&str, &str)] = &[
    ("500", "Server error"),
    ("503", "The database is not available; try again"),
];
const WITH_PARAMETERS: (&str, &str) = ("400", "Invalid parameter, cursor or body");
const WITH_BODY: (&str, &str) = ("413", "The body is too long: see `limit`");
/// Only for JSON bodies: upload forms declare their own 415.
const WITH_JSON: (&str, &str) = ("415", "The body is not JSON, or its Content-Type is not");
const WITH_MEMBERS: (&str, &str) = ("422", "Invalid request body: see `field` and `limit`");
const WITH_KEY: &[(&str, &str)] = &[
    ("401", "API key missing, unknown or revoked"),
    ("403", "The key lacks the scope"),
    ("429", "Too many requests; see Retry-After"),
];
const WITH_TOKEN: &[(&str, &str)] = &[
    ("401", "Not the admin token"),
    ("403", "MAINSTAY_ADMIN_TOKEN is not set, so this API is closed"),
    ("429", "Too many wrong tokens from this address; see Retry-After"),
];
const WATCHED: &[(&str, &str)] = &[
    ("401", "Neither the metrics token nor the admin token"),
    (
        "403",
        "Neither token is set, so this is closed on an address that is not loopback",
    ),
    ("429", "Too many wrong tokens from this address; see Retry-After"),
];
const OF_SENDING: &[(&str, &str)] = &[
    (
        "409",
        "The idempotency key was used for another request, or the message is in another state",
    ),
    ("422", "Invalid request body: see `field` and `limit`"),
];
const OF_SUBSCRIPTIONS: &[(&str, &str)] = &[
    ("409", "The endpoint is disabled, or is being changed concurrently"),
    ("422", "Invalid request body: see `field` and `limit`"),
];
const OF_TEMPLATES: &[(&str, &str)] = &[
    (
        "409",
        "The name is in use, the template is in another state, or the idempotency key was used for another request",
    ),
    (
        "422",
        "Invalid request body: see `field` and `limit`; or Meta rejected the request",
    ),
];
const OF_CONTACTS: &[(&str, &str)] = &[
    ("409", "Taken, in use, or in another state"),
    ("412", "Changed meanwhile: not the version that `If-Match` names"),
    (
        "422",
        "Invalid member, filter or file: see `field`, `column` and `limit`",
    ),
];
const OF_CAMPAIGNS: &[(&str, &str)] = &[
    ("409", "In another state"),
    ("412", "Changed meanwhile: not the version that `If-Match` names"),
    ("422", "Invalid member, audience or template: see `field` and `column`"),
];
const OF_MERGED: (&str, &str) = ("308", "Merged into another one: see `Location`");
const OF_FILES: &[(&str, &str)] = &[("409", "Too many at a time"), ("410", "The file is gone")];
const OF_SELECTED_FILES: &[(&str, &str)] = &[
    ("409", "Too many at a time"),
    (
        "422",
        "Invalid filter, or no such segment, tag or list: see `field` and `column`",
    ),
];
const SIGNED: &[(&str, &str)] = &[
    ("403", "Not signed by a known app secret, or not the verify token"),
    ("413", "Longer than MAINSTAY_BODY_BYTES"),
];

/// Declares the security requirement of an operation, and the problems it does not declare itself.
pub(super) fn describe(method: &str, path: &str, operation: &mut Operation) {
    let changes = method != "get";
    let mut problems = EVERYWHERE.to_vec();
    if operation.parameters.as_ref().is_some_and(|all| !all.is_empty()) || operation.request_body.is_some() {
        problems.push(WITH_PARAMETERS);
    }
    if operation.request_body.is_some() && !path.starts_with("/webhooks") {
        problems.extend([WITH_BODY, WITH_JSON, WITH_MEMBERS]);
    }
    if path.contains('{') {
        problems.push(("404", "Not found"));
    }
    if path.starts_with("/api/v1") {
        let key = SecurityRequirement::new("api_key", Vec::<String>::new());
        let by_link = OF_LINKS.contains(&path);
        operation.security = Some(if by_link {
            vec![key, SecurityRequirement::default()]
        } else {
            vec![key]
        });
        problems.extend(WITH_KEY);
        problems.extend(of_resource(changes, path));
        if ["/api/v1/contacts/{id}", "/api/v1/conversations/{id}"]
            .iter()
            .any(|of| path.starts_with(of))
        {
            problems.push(OF_MERGED);
        }
    } else if path.starts_with("/admin") {
        operation.security = Some(vec![SecurityRequirement::new("admin_token", Vec::<String>::new())]);
        problems.extend(WITH_TOKEN);
    } else if path == "/metrics" || path == "/health" {
        operation.security = Some(vec![SecurityRequirement::new("metrics_token", Vec::<String>::new())]);
        problems.extend(WATCHED);
    } else if path.starts_with("/webhooks") {
        problems.extend(SIGNED);
    }
    for (status, says) in problems {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(problem(says)));
    }
}

/// What belongs to contacts.
const CONTACTS: &[&str] = &[
    "/api/v1/contacts",
    "/api/v1/tags",
    "/api/v1/lists",
    "/api/v1/contact-fields",
    "/api/v1/keyword-rules",
    "/api/v1/segments",
];

/// Returns the problems specific to a resource.
fn of_resource(changes: bool, path: &str) -> &'static [(&'static str, &'static str)] {
    let is_below = |roots: &[&str]| roots.iter().any(|root| path.starts_with(root));
    let of_channel = path.starts_with("/api/v1/channels/{id}/");
    if of_channel || path == "/api/v1/errors" || changes && is_below(&["/api/v1/messages"]) {
        OF_SENDING
    } else if is_below(&["/api/v1/endpoints", "/api/v1/deliveries"]) {
        OF_SUBSCRIPTIONS
    } else if changes && is_below(&["/api/v1/templates", "/api/v1/message-templates"]) {
        OF_TEMPLATES
    } else if path == "/api/v1/contacts/export" {
        OF_SELECTED_FILES
    } else if path.ends_with("/export") || is_below(&["/api/v1/exports"]) {
        OF_FILES
    } else if changes && is_below(&["/api/v1/campaigns"]) {
        OF_CAMPAIGNS
    } else if is_below(CONTACTS) {
        OF_CONTACTS
    } else {
        &[]
    }
}

pub(super) fn problem(says: &str) -> Response {
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(says)
        .content("application/problem+json", content)
        .build()
}
