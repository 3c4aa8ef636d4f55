//! Stored webhooks, for the operator.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::work_state;
use crate::{
    app::App,
    domain::{RawEventId, TenantId, WorkState},
    http::{
        auth::Operator,
        extract::{Path, Query, Rfc3339},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records::raw_events,
};

const LIST: &str = "raw-events";

/// A webhook as Meta sent it, without its body.
#[derive(Serialize, ToSchema)]
#[schema(as = RawEvent)]
pub(crate) struct RawEventView {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    #[schema(inline)]
    pub state: WorkState,
    pub attempts: i64,
    /// When it is worked on next; while it runs, when its worker's lease ends.
    pub due_at: DateTime<Utc>,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub last_error: Option<String>,
    /// The fields found in it; null until it was processed.
    #[schema(required)]
    pub fields: Option<Vec<String>>,
    /// Length of the body.
    pub bytes: i64,
    /// SHA-256 of the body, in hexadecimal.
    pub digest: String,
    /// The tenant whose own app secret signed it; null when it was one of the operator's.
    #[schema(required)]
    pub signer: Option<TenantId>,
}

/// A stored webhook with its body.
#[derive(Serialize, ToSchema)]
pub(crate) struct RawEventWithBody {
    #[serde(flatten)]
    pub event: RawEventView,
    /// The exact body as text; null when it is not UTF-8.
    #[schema(required)]
    pub body: Option<String>,
    /// The exact body in base64.
    pub body_base64: String,
}

impl From<raw_events::StoredEvent> for RawEventView {
    fn from(row: raw_events::StoredEvent) -> Self {
        let words = |fields: String| fields.split_whitespace().map(str::to_owned).collect();
        Self {
            id: row.id,
            received_at: row.received_at,
            state: row.state,
            attempts: row.attempts,
            due_at: row.due_at,
            finished_at: row.finished_at,
            last_error: row.last_error,
            fields: row.fields.map(words),
            bytes: row.bytes,
            digest: hex::encode(row.digest),
            signer: row.signer,
        }
    }
}

/// Selects the stored webhooks of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRawEventsQuery {
    /// `pending`, `running`, `done`, `dead`, `quarantined` or `discarded`.
    #[param(pattern = "^(pending|running|done|dead|quarantined|discarded)$")]
    state: Option<String>,
    /// With an item of this field, e.g. `messages`.
    field: Option<String>,
    /// Received then or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<Rfc3339>,
    /// Received before then.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: Option<Rfc3339>,
}

/// List stored webhooks
///
/// Newest first, without their bodies. With `field`, or a `state` other than dead, quarantined or discarded, a page
/// looks through at most 20,000 webhooks, so it may hold
/// fewer than `limit` and still have a next one.
#[utoipa::path(get, path = "/admin/events", params(PagingParams, ListRawEventsQuery),
    responses((status = 200, description = "A page of webhooks", body = Page<RawEventView>)))]
pub async fn list(
    _: Operator,
    State(app): State<App>,
    paging: Paging,
    Query(query): Query<ListRawEventsQuery>,
) -> Result<Json<Page<RawEventView>>, Problem> {
    let filter = raw_events::RawEventFilter {
        state: query.state.as_deref().map(work_state).transpose()?,
        field: query.field,
        from: query.from.map(|Rfc3339(at)| at),
        to: query.to.map(|Rfc3339(at)| at),
        before: paging.key(LIST)?,
    };
    let (rows, floor) = raw_events::list(app.db.reader(), &filter, paging.rows()).await?;
    Ok(Json(
        Page::filtered(&paging, LIST, rows, floor, |row| row.id).map(RawEventView::from),
    ))
}

/// Show a stored webhook
///
/// Includes the exact body.
#[utoipa::path(get, path = "/admin/events/{id}", params(("id" = RawEventId, Path)),
    responses((status = 200, description = "The webhook", body = RawEventWithBody)))]
pub async fn show(
    _: Operator,
    State(app): State<App>,
    Path(id): Path<RawEventId>,
) -> Result<Json<RawEventWithBody>, Problem> {
    let missing = || Problem::no_such(format_args!("stored webhook {id}"));
    let row = raw_events::find(app.db.reader(), id).await?.ok_or_else(missing)?;
    let body = raw_events::body(app.db.reader(), id).await?.ok_or_else(missing)?;
    Ok(Json(RawEventWithBody {
        event: row.into(),
        body_base64: BASE64_STANDARD.encode(&body),
        body: String::from_utf8(body).ok(),
    }))
}

/// Fetch the body of a stored webhook
///
/// Returns the bytes exactly as they were signed.
#[utoipa::path(get, path = "/admin/events/{id}/body", params(("id" = RawEventId, Path)),
    responses((status = 200, description = "The body", body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn body(_: Operator, State(app): State<App>, Path(id): Path<RawEventId>) -> Result<Response, Problem> {
    let found = raw_events::body(app.db.reader(), id).await?;
    let body = found.ok_or_else(|| Problem::no_such(format_args!("stored webhook {id}")))?;
    let kind = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((kind, body).into_response())
}
