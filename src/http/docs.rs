//! The OpenAPI document, made from the routes, and a page to read it on.

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    tag::TagBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

use super::{edge::Edge, problem::ProblemBody};

const DESCRIPTION: &str = "\
A self-hosted backend for the WhatsApp Business Platform.

**Who may ask.** `/api/v1` takes an API key of a tenant, `/admin` the operator's token; both as `Authorization: Bearer …`. \
`/health/live` and \
`/health/ready` are open; `/health` and `/metrics` take the metrics token, and are open where the API listens on loopback only and on \
MAINSTAY_METRICS_LISTEN.

**Lists** come in pages: `limit` (1 to 200) and `cursor`, which is `next_cursor` of the page before; null on the last page.

**`Idempotency-Key`** (1 to 255 visible characters) may stand with every POST under `/api/v1` but uploads: the same request with the same key \
within 24 hours gets the same answer, marked `idempotent-replayed: true`, and does nothing again. What was refused may be sent again with its key. \
409 says that the key was used for another request (`key-reused`), that the first is under way (`under-way`), or that nobody knows how it ended \
(`outcome-unknown`).

**Problems** are `application/problem+json` (RFC 9457) with a stable `type` and a `request_id`. A header `x-request-id` is \
taken over and echoed.

**Times** are RFC 3339 in UTC.";

/// Swagger UI sets styles from its scripts, and has pictures in them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What makes a request that is repeated no second one.
const KEY: &str = "idempotency-key";
/// Takes no key: the same bytes are kept once anyway.
const UPLOADS: &str = "/api/v1/media";

/// Problems an operation may answer with: status, what it means.
const EVERYWHERE: &[(&str, &str)] = &[
    ("500", "A defect of ours"),
    ("503", "The database does not answer; try again"),
];
const WITH_PARAMETERS: (&str, &str) = ("400", "A parameter, the cursor or the body is not understood");
const WITH_BODY: (&str, &str) = ("413", "The body is longer than is taken here: see `limit`");
const WITH_KEY: &[(&str, &str)] = &[
    ("401", "No key, or not a live one"),
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
        "The key was used for another request, or the message is past that",
    ),
    ("422", "A member of the body will not do: see `field` and `limit`"),
];
const OF_SUBSCRIPTIONS: &[(&str, &str)] = &[
    ("409", "The endpoint is disabled, or the tenant has as many as it may"),
    ("422", "A member of the body will not do: see `field` and `limit`"),
];
const OF_TEMPLATES: &[(&str, &str)] = &[
    (
        "409",
        "The name is taken, the template is not in a state for that, or the key was used for another request",
    ),
    (
        "422",
        "A member of the body will not do: see `field` and `limit`; or Meta refused it",
    ),
];
const SIGNED: &[(&str, &str)] = &[
    ("403", "Not signed by a known app secret, or not the verify token"),
    ("413", "Longer than MAINSTAY_BODY_BYTES"),
];

/// Serves the document and the page.
pub fn routes(framed: OpenApi, webhooks: OpenApi) -> Router<Edge> {
    let document = finish(webhooks.merge_from(framed));
    let page: Router<Edge> = SwaggerUi::new("/api/docs").url("/api/openapi.json", document).into();
    page.layer(map_response(protect))
}

/// The page runs its own scripts and talks to this server, nothing else; nobody may put it into a frame, where a click could be stolen.
async fn protect(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Adds what the routes do not say one by one: who may call them, and the problems they answer with.
fn finish(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Mainstay")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .build();
    let tag = |name: &str, says: &str| TagBuilder::new().name(name).description(Some(says)).build();
    document.tags = Some(vec![
        tag("Webhooks", "Where Meta calls."),
        tag(
            "Reading",
            "A tenant's channels, contacts, conversations, messages and events.",
        ),
        tag(
            "Sending",
            "Messages to customers: queued here, sent once, and every call to Meta written down.",
        ),
        tag("Media", "Files that customers sent, and files to be sent."),
        tag(
            "Templates",
            "Messages that Meta has approved, and message templates of our own.",
        ),
        tag(
            "Subscriptions",
            "Endpoints of a tenant's programs, which are called when something happens, and every attempt to reach them.",
        ),
        tag(
            "Operator",
            "Tenants, channels, keys, stored webhooks and queues of the whole installation.",
        ),
        tag("Watching", "Health and metrics."),
    ]);
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
                operation.operation_id = Some(operation_id(method, path));
                describe(method, path, operation);
                if method == "post" && path.starts_with("/api/v1") && path != UPLOADS {
                    take_key(operation);
                }
            }
        }
    }
    document
}

/// What generated clients call it, e.g. `get_conversations_id_messages`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Says that it heeds `Idempotency-Key`, unless it says so itself.
fn take_key(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    let is_key = |it: &RefOr<Parameter>| matches!(it, RefOr::T(it) if it.name == KEY);
    if !parameters.iter().any(is_key) {
        let key = ParameterBuilder::new()
            .name(KEY)
            .parameter_in(ParameterIn::Header)
            .description(Some("Any text of up to 255 characters that is new for each request"))
            .schema(Some(String::schema()));
        parameters.push(RefOr::T(key.build()));
    }
    let used = problem("The key was used for another request, or that is under way");
    let responses = &mut operation.responses.responses;
    responses.entry("409".to_owned()).or_insert(RefOr::T(used));
}

fn describe(method: &str, path: &str, operation: &mut Operation) {
    let changes = method != "get";
    let mut problems = EVERYWHERE.to_vec();
    if operation.parameters.as_ref().is_some_and(|all| !all.is_empty()) || operation.request_body.is_some() {
        problems.push(WITH_PARAMETERS);
    }
    if operation.request_body.is_some() && !path.starts_with("/webhooks") {
        problems.push(WITH_BODY);
    }
    if path.contains('{') {
        problems.push(("404", "There is no such thing"));
    }
    if path.starts_with("/api/v1") {
        operation.security = Some(vec![SecurityRequirement::new("api_key", Vec::<String>::new())]);
        problems.extend(WITH_KEY);
        let by_tag = [
            ("Sending", OF_SENDING),
            ("Subscriptions", OF_SUBSCRIPTIONS),
            ("Templates", OF_TEMPLATES),
        ];
        for (tag, of_tag) in by_tag {
            // What is only read is refused by its parameters alone.
            let refuses = tag != "Templates" || changes;
            if refuses && operation.tags.iter().flatten().any(|it| it == tag) {
                problems.extend(of_tag);
            }
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

fn problem(says: &str) -> Response {
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(says)
        .content("application/problem+json", content)
        .build()
}
