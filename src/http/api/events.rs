//! The event feed of a tenant.

use axum::Json as Body;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RawJson;
use crate::{
    domain::{EventId, EventTypes, perm},
    events as catalogue,
    http::{
        auth::May,
        extract::Query,
        paging::{Paging, PagingParams, cursor},
        problem::Problem,
    },
    records::events,
};

const LIST: &str = "events";

/// A domain event.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    pub id: EventId,
    /// Who caused it: the id of an API key, `operator`, or `system` for what the program did or received.
    pub actor: String,
    /// Its position in the tenant's events; without gaps.
    pub sequence: i64,
    /// `message.received`, `message.read`, `contact.created` …: `/api/v1/event-types` lists them all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Version of the shape of `data`.
    pub version: i64,
    pub occurred_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    #[schema(value_type = Object)]
    pub data: RawJson,
}

/// A page of events and the position after it.
#[derive(Serialize, ToSchema)]
pub struct Events {
    pub data: Vec<EventView>,
    /// Pass it as `after` next time, now or later: every event up to it was returned or is of another type, and no event written later
    /// comes before it.
    pub after: i64,
    /// The same position as a cursor while more events follow; null at the end of the feed.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Selects the events of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEventsQuery {
    /// The sequence to begin after; 0, the beginning, by default. A `cursor` takes precedence.
    #[param(minimum = 0, default = 0)]
    after: Option<i64>,
    /// Events of this type only, or of this family: `message.*`.
    #[serde(rename = "type")]
    #[param(example = "message.received")]
    kind: Option<String>,
}

/// List events
///
/// Oldest first. A reader that passes `after` on from page to page misses nothing, as long as events are kept (MAINSTAY_EVENT_DAYS).
/// With `type`, a page examines at most 20,000 events, so it may hold fewer than `limit` while more follow.
#[utoipa::path(get, path = "/api/v1/events", params(PagingParams, ListEventsQuery),
    responses((status = 200, description = "Events in order", body = Events)))]
pub async fn list(
    caller: May<perm::EventsRead>,
    paging: Paging,
    Query(query): Query<ListEventsQuery>,
) -> Result<Body<Events>, Problem> {
    let after = paging.key(LIST)?.or(query.after).unwrap_or(0);
    if after < 0 {
        return Err(Problem::invalid("`after` is a sequence: 0 or more."));
    }
    if let Some(kind) = &query.kind {
        check_kind(kind)?;
    }
    let mut tx = caller.begin().await?;
    let page = events::list(tx.on(), caller.tenant, after, query.kind.as_deref(), paging.limit()).await?;
    tx.commit().await?;
    let show = |row: events::Event| EventView {
        id: row.id,
        actor: row.actor,
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

/// Checks that there are events of a type or family.
fn check_kind(kind: &str) -> Result<(), Problem> {
    match catalogue::all().any(|it| EventTypes::covers(kind, it.name)) {
        true => Ok(()),
        false => Err(Problem::invalid(format!(
            "`type`: there are no events of type {kind}. `GET /api/v1/event-types` lists all types; a family is written `message.*`."
        ))),
    }
}
