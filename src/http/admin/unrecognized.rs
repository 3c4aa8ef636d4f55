//! Unrecognized parts of webhooks, for the operator.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::RawEventId,
    http::{
        auth::Operator,
        extract::Query,
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    inbound::store::unrecognized,
};

const LIST: &str = "unrecognized";

/// Selects the unrecognized items of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUnrecognizedQuery {
    /// Lists the items of this field; without it, the number of items of each field.
    field: Option<String>,
}

/// The number of unrecognized items of a field, or one such item.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Unrecognized)]
pub(crate) enum UnrecognizedView {
    Count {
        field: String,
        items: i64,
        first_seen_at: DateTime<Utc>,
        last_seen_at: DateTime<Utc>,
    },
    Item {
        /// The webhook that contains the item …
        raw_event_id: RawEventId,
        /// … at this path.
        path: String,
        field: String,
        reason: String,
        seen_at: DateTime<Utc>,
    },
}

/// List unrecognized items
///
/// Counts by field, the most frequent first; or, with `field`, its items, the newest first.
#[utoipa::path(get, path = "/admin/unrecognized", params(PagingParams, ListUnrecognizedQuery),
    responses((status = 200, description = "Counts or items", body = Page<UnrecognizedView>)))]
pub async fn list(
    _: Operator,
    State(app): State<App>,
    paging: Paging,
    Query(query): Query<ListUnrecognizedQuery>,
) -> Result<Json<Page<UnrecognizedView>>, Problem> {
    let before: Option<unrecognized::UnrecognizedCursor> = paging.key(LIST)?;
    let Some(field) = query.field else {
        let rows = unrecognized::counts(app.db.reader()).await?;
        let counts = rows.into_iter().map(UnrecognizedView::from).collect();
        return Ok(Json(Page::single(counts)));
    };
    let rows = unrecognized::list(app.db.reader(), &field, before, paging.rows()).await?;
    let key = |row: &unrecognized::UnrecognizedItem| (row.seen_at, row.raw_event_id, row.path.clone());
    Ok(Json(Page::new(&paging, LIST, rows, key).map(UnrecognizedView::from)))
}

impl From<unrecognized::UnrecognizedCount> for UnrecognizedView {
    fn from(row: unrecognized::UnrecognizedCount) -> Self {
        Self::Count {
            field: row.field,
            items: row.items,
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

impl From<unrecognized::UnrecognizedItem> for UnrecognizedView {
    fn from(row: unrecognized::UnrecognizedItem) -> Self {
        Self::Item {
            raw_event_id: row.raw_event_id,
            path: row.path,
            field: row.field,
            reason: row.reason,
            seen_at: row.seen_at,
        }
    }
}
