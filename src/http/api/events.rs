use axum::Json as Body;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Json;
use crate::{
    domain::EventId,
    http::{
        auth::EventReader,
        extract::Query,
        paging::{Paging, PagingParams, cursor},
        problem::Problem,
    },
    records::events,
};

const LIST: &str = "events";

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct Event {
    pub id: EventId,
    /// Its place in the tenant's events; without gaps.
    pub sequence: i64,
    /// `message.received`, `message.read`, `contact.created` …: `/api/v1/event-types` has them all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of the form of `data`.
    pub version: i64,
    pub occurred_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    #[schema(value_type = Object)]
    pub data: Json,
}

/// Events, and where to go on.
#[derive(Serialize, ToSchema)]
pub struct Events {
    pub data: Vec<Event>,
    /// Pass it as `after` next time, now or later: everything up to it was shown or is of another type, and nothing that is
    /// written later can come before it.
    pub after: i64,
    /// The same as a cursor while more events wait; null when this was all there is for now.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// From where on, and of which type.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListEventsQuery {
    /// The sequence after which to begin; 0, the beginning, unless said otherwise. A `cursor` counts before it.
    #[param(minimum = 0, default = 0)]
    after: Option<i64>,
    /// Of this type only.
    #[serde(rename = "type")]
    #[param(example = "message.received")]
    kind: Option<String>,
}

/// List events
///
/// The oldest first. Whoever passes `after` on from answer to answer misses nothing, for as long as events are kept
/// (MAINSTAY_EVENT_DAYS). With `type`, an answer looks through at most 20,000 events, so it may hold fewer than `limit` while more
/// wait.
#[utoipa::path(get, path = "/api/v1/events", params(PagingParams, ListEventsQuery),
    responses((status = 200, description = "Events in order", body = Events)))]
pub async fn list(
    reader: EventReader,
    paging: Paging,
    Query(query): Query<ListEventsQuery>,
) -> Result<Body<Events>, Problem> {
    let after = paging.key(LIST)?.or(query.after).unwrap_or(0);
    if after < 0 {
        return Err(Problem::invalid("`after` is a sequence: 0 or more."));
    }
    let mut tx = reader.begin().await?;
    let page = events::list(&mut tx, reader.tenant, after, query.kind.as_deref(), paging.limit()).await?;
    tx.commit().await?;
    let show = |row: events::Event| Event {
        id: row.id,
        sequence: row.sequence,
        kind: row.kind,
        version: row.version,
        occurred_at: row.occurred_at,
        created_at: row.created_at,
        data: row.data.into(),
    };
    Ok(Body(Events {
        data: page.events.into_iter().map(show).collect(),
        after: page.after,
        next_cursor: page.more.then(|| cursor(LIST, &page.after)),
    }))
}
