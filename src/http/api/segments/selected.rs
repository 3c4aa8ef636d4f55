//! The contacts of segments, and their number.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    contacts::{
        ContactError,
        segments::{
            self as verbs,
            language::{FilterTreeView, parse},
        },
        store::segments as store,
    },
    domain::{SegmentId, perm},
    http::{
        api::contacts::{ContactView, SelectedPage, page_of, views},
        auth::May,
        extract::{Json, Path},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
};

const LIST: &str = "segment_contacts";
/// Contacts of a preview.
const PREVIEWED: usize = 20;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilterToPreview {
    #[schema(min_length = 1, max_length = 4096)]
    filter: String,
}

/// What a filter selects.
#[derive(Serialize, ToSchema)]
pub(crate) struct SegmentPreview {
    /// The filter in its one form.
    filter: String,
    /// The filter as a tree: a node has the `type` `and` or `or` with `terms`, `not` with a `term`, or `test` with `path`, `operator` and `values`.
    #[schema(value_type = Object)]
    tree: FilterTreeView,
    /// The newest contacts that it selects, at most 20.
    contacts: Vec<ContactView>,
    /// How many it selects, of those that were looked at.
    count: i64,
    /// Whether all contacts were looked at.
    complete: bool,
}

/// Preview a segment
///
/// Checks a filter, and looks through the contacts, the newest first, until it has found some that the filter selects.
#[utoipa::path(post, path = "/api/v1/segments/preview", request_body = FilterToPreview,
    responses((status = 200, description = "What the filter selects", body = SegmentPreview)))]
pub async fn preview(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
    Json(given): Json<FilterToPreview>,
) -> Result<Body<SegmentPreview>, Problem> {
    let (tenant, now) = (caller.tenant, app.clock.now());
    let mut tx = caller.begin().await?;
    let catalogue = verbs::read_catalogue(&mut tx, tenant).await?;
    let filter = parse(&given.filter, &catalogue, None).map_err(|error| ContactError::Filter("filter", error))?;
    let selected = verbs::select(&mut tx, tenant, &filter, None, PREVIEWED, now).await?;
    let shown = &selected.ids[..selected.ids.len().min(PREVIEWED)];
    let contacts = views(&mut tx, tenant, shown).await?;
    tx.commit().await?;
    Ok(Body(SegmentPreview {
        filter: filter.to_string(),
        tree: FilterTreeView::from(&filter),
        contacts,
        count: i64::try_from(selected.ids.len()).unwrap_or(i64::MAX),
        complete: selected.rest.is_none(),
    }))
}

/// List the contacts of a segment
///
/// The people whom the filter selects now, newest first. A page may hold fewer than `limit`, even none, and still have a next one.
#[utoipa::path(get, path = "/api/v1/segments/{id}/contacts", params(("id" = SegmentId, Path), PagingParams),
    responses((status = 200, description = "A page of contacts", body = Page<ContactView>)))]
pub async fn contacts(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
    Path(id): Path<SegmentId>,
    paging: Paging,
) -> Result<Body<Page<ContactView>>, Problem> {
    let before = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let (_, filter) = verbs::find(&mut tx, caller.tenant, id).await?;
    let page = SelectedPage {
        list: LIST,
        paging,
        before,
    };
    let page = page_of(&mut tx, caller.tenant, &filter, page, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Body(page))
}

/// The number of contacts of a segment.
#[derive(Serialize, ToSchema)]
pub(crate) struct SegmentCountView {
    /// How many they are; null if they were never counted with this filter.
    #[schema(required)]
    count: Option<i64>,
    /// When they were counted.
    #[schema(required)]
    counted_at: Option<DateTime<Utc>>,
    /// Whether all contacts were looked at. If not, `count` is of the newest alone.
    complete: bool,
    /// Whether they are being counted: a later answer has a newer count.
    counting: bool,
}

/// Show the count of a segment
///
/// The last complete count of its contacts.
#[utoipa::path(get, path = "/api/v1/segments/{id}/count", params(("id" = SegmentId, Path)),
    responses((status = 200, description = "The last count", body = SegmentCountView)))]
pub async fn show_count(
    caller: May<perm::ContactsRead>,
    Path(id): Path<SegmentId>,
) -> Result<Body<SegmentCountView>, Problem> {
    let mut tx = caller.begin().await?;
    let counting = verbs::is_counting(&mut tx, caller.tenant, id).await?;
    let found = store::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found(format_args!("segment {id}")))?;
    Ok(Body(SegmentCountView {
        count: found.counted,
        counted_at: found.counted_at,
        complete: found.counted.is_some(),
        counting,
    }))
}

/// Count a segment
///
/// Counts its contacts now. Of a tenant with more than 100,000 contacts (50,000 on SQLite), the newest are counted at once and answered with
/// 202, and all of them by a worker: `GET` shows that count when it is there.
#[utoipa::path(post, path = "/api/v1/segments/{id}/count", params(("id" = SegmentId, Path)),
    responses((status = 200, description = "Counted", body = SegmentCountView),
        (status = 202, description = "The newest are counted, and all of them will be", body = SegmentCountView)))]
pub async fn recount(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
    Path(id): Path<SegmentId>,
) -> Result<(StatusCode, Body<SegmentCountView>), Problem> {
    let now = app.clock.now();
    let mut tx = caller.begin().await?;
    let (segment, filter) = verbs::find(&mut tx, caller.tenant, id).await?;
    let counted = verbs::count(&mut tx, caller.tenant, &filter, None, now).await?;
    tx.commit().await?;
    let complete = counted.rest.is_none();
    let status = if complete {
        let of = (id, segment.version);
        store::set_count(app.db.writer(), caller.tenant, of, counted.count, now).await?;
        StatusCode::OK
    } else {
        verbs::request_count(&app.contacts, &caller, id, segment.version).await?;
        StatusCode::ACCEPTED
    };
    let view = SegmentCountView {
        count: Some(counted.count),
        counted_at: Some(now),
        complete,
        counting: !complete,
    };
    Ok((status, Body(view)))
}
