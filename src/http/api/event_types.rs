//! The catalogue of event types.

use std::sync::LazyLock;

use axum::Json as Body;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::events;

/// A type of event.
#[derive(Serialize, ToSchema)]
#[schema(as = EventType)]
pub(crate) struct EventTypeView {
    /// The `type` of an event. Endpoints subscribe to it by itself, or by its family, e.g. `message.*`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Version of the shape of `data`; raised for incompatible changes. New members are compatible.
    pub version: i64,
    /// When the event occurs.
    pub description: &'static str,
    /// The JSON Schema (2020-12) of `data`.
    #[schema(value_type = Object)]
    pub schema: Value,
    /// An example of `data`.
    #[schema(value_type = Object)]
    pub example: Value,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EventTypes)]
pub(crate) struct EventCatalogue {
    pub data: Vec<EventTypeView>,
}

/// List the types of events
///
/// All types, with the JSON Schema of `data` and an example. Any API key may read it: it holds no tenant's data.
#[utoipa::path(get, path = "/api/v1/event-types",
    responses((status = 200, description = "The catalogue", body = EventCatalogue)))]
pub async fn list() -> Body<&'static EventCatalogue> {
    static CATALOGUE: LazyLock<EventCatalogue> = LazyLock::new(catalogue);
    Body(&CATALOGUE)
}

fn catalogue() -> EventCatalogue {
    let shown = |it: &'static events::EventType| EventTypeView {
        kind: it.name,
        version: it.version,
        description: it.when,
        schema: it.schema(),
        example: it.example(),
    };
    EventCatalogue {
        data: events::all().map(shown).collect(),
    }
}
