//! Completes the document with what no route declares: payloads, references, examples, events, servers.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::{by_reference, defaults, enums, events, free_objects, payloads, request_examples};

/// Returns the whole document.
pub(super) fn document(declared: OpenApi, public_url: Option<&str>) -> Value {
    let mut document = serde_json::to_value(declared).unwrap_or_default();
    let schemas = |document: &mut Value, more: Map<String, Value>| {
        if let Some(schemas) = document
            .pointer_mut("/components/schemas")
            .and_then(Value::as_object_mut)
        {
            schemas.extend(more);
        }
    };
    schemas(&mut document, payloads::schemas());
    by_reference::apply(&mut document);
    enums::list(&mut document);
    schemas(&mut document, events::schemas());
    free_objects::allow(&mut document["components"]["schemas"]);
    free_objects::allow(&mut document["paths"]);
    defaults::put_into_words(&mut document["components"]["schemas"]);
    request_examples::add(&mut document);
    add_problem_bodies(&mut document);
    document["webhooks"] = events::webhooks();
    document["servers"] = json!([{ "url": public_url.unwrap_or("/") }]);
    document
}

/// Gives every answer with an error status the schema of a problem.
fn add_problem_bodies(document: &mut Value) {
    let paths = document["paths"].as_object_mut();
    let operations = paths.into_iter().flat_map(|paths| paths.values_mut());
    for operation in operations
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.values_mut())
    {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            continue;
        };
        for (status, response) in responses {
            if status.starts_with(['4', '5']) && response.get("content").is_none() {
                response["content"] =
                    json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
            }
        }
    }
}
