//! The events that endpoints receive: the section `webhooks` of the document, and a schema for the body of each.

use serde_json::{Map, Value, json};

use crate::events::{self, EventType};

/// Returns the schemas of the bodies by name: `MessageReceivedEvent`.
pub(super) fn schemas() -> Map<String, Value> {
    let named = |it: &'static EventType| (name(it), schema(it));
    events::all().map(named).collect()
}

/// Returns the section `webhooks`.
pub(super) fn webhooks() -> Value {
    let each = |it: &'static EventType| (it.name.to_owned(), json!({ "post": operation(it) }));
    Value::Object(events::all().map(each).collect())
}

fn schema(it: &EventType) -> Value {
    let mut data = it.schema();
    if let Some(members) = data.as_object_mut() {
        members.remove("$schema");
    }
    json!({
        "type": "object",
        "description": it.when,
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": { "type": "string", "enum": [it.name] },
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
            "data": data,
        },
    })
}

fn operation(it: &EventType) -> Value {
    let header = |name: &str, says: &str| json!({ "name": name, "in": "header", "required": true, "description": says, "schema": { "type": "string" } });
    json!({
        "operationId": format!("on{}", words(it)),
        "summary": it.when,
        "tags": ["Events"],
        "parameters": [
            header("webhook-id", "The event: the same at every attempt."),
            header("webhook-timestamp", "When this attempt was made, in seconds since 1970."),
            header("webhook-signature", "As Standard Webhooks has it: verify it over the bytes as they came."),
        ],
        "requestBody": { "required": true, "content": { "application/json": {
            "schema": { "$ref": format!("#/components/schemas/{}", name(it)) },
            "example": { "type": it.name, "timestamp": "2026-11-21T20:00:00Z", "data": it.example() },
        } } },
        "responses": { "2XX": { "description": "You have it. Anything else, and it comes again." } },
    })
}

fn name(it: &EventType) -> String {
    format!("{}Event", words(it))
}

/// `message.received` as `MessageReceived`.
fn words(it: &EventType) -> String {
    let mut words = String::new();
    for word in it.name.split(['.', '_']) {
        let mut letters = word.chars();
        words.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        words.push_str(letters.as_str());
    }
    words
}
