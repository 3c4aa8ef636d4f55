use std::sync::LazyLock;

use axum::Json as Body;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::events;

/// A type of event.
#[derive(Serialize, ToSchema)]
pub struct EventType {
    /// What `type` of an event says, and what endpoints ask for, by itself or as `message.*`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Of the form of `data`; raised when a receiver could be surprised. New members are no surprise.
    pub version: i64,
    /// When it comes.
    pub description: &'static str,
    /// The JSON Schema (2020-12) of `data`.
    #[schema(value_type = Object)]
    pub schema: Value,
    /// What `data` may look like.
    #[schema(value_type = Object)]
    pub example: Value,
}

#[derive(Serialize, ToSchema)]
pub struct EventTypes {
    pub data: Vec<EventType>,
}

/// List the types of events
///
/// All there are, with the JSON Schema of what each carries and an example. Any key may ask: it tells of nobody.
#[utoipa::path(get, path = "/api/v1/event-types",
    responses((status = 200, description = "The catalogue", body = EventTypes)))]
pub async fn list() -> Body<&'static EventTypes> {
    static CATALOGUE: LazyLock<EventTypes> = LazyLock::new(catalogue);
    Body(&CATALOGUE)
}

fn catalogue() -> EventTypes {
    let shown = |it: &'static events::EventType| EventType {
        kind: it.name,
        version: it.version,
        description: it.when,
        schema: it.schema(),
        example: it.example(),
    };
    EventTypes {
        data: events::all().map(shown).collect(),
    }
}
