//! Segments: named filters of contacts.

pub(crate) mod selected;

use axum::{
    Json as Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::contacts::{
    detail::{ETag, etag},
    write::if_match,
};
use crate::{
    app::App,
    contacts::{
        segments::{
            self as verbs, SegmentDraft, SegmentUpdate,
            language::{FilterCatalogue, FilterTreeView, parse},
        },
        store::segments::{self as store, StoredSegment},
    },
    db::Tx,
    domain::{SegmentId, TenantId, perm},
    http::{
        auth::May,
        extract::{Json, Path},
        paging::Page,
        problem::Problem,
    },
};

/// A named filter of contacts. Nothing is kept of the contacts but their last count: who is in it is found when somebody asks.
#[derive(Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentView {
    id: SegmentId,
    name: String,
    /// The text of the filter.
    filter: String,
    /// The filter as a tree, as in a preview; null if it is none any more.
    #[schema(required, value_type = Option<Object>)]
    tree: Option<FilterTreeView>,
    /// Why the filter is none any more, such as a choice that was taken from a field; null if it is one.
    #[schema(required)]
    problem: Option<String>,
    /// One more with each change: the `ETag` of the segment.
    version: i64,
    /// The number of contacts when they were last counted; null if they never were with this filter.
    #[schema(required)]
    count: Option<i64>,
    /// When they were counted.
    #[schema(required)]
    counted_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by: String,
    updated_at: DateTime<Utc>,
}

impl SegmentView {
    fn new(it: StoredSegment, catalogue: &FilterCatalogue) -> Self {
        let read = parse(&it.filter, catalogue, Some(Uuid::from(it.id)));
        Self {
            id: it.id,
            name: it.name,
            filter: it.filter,
            tree: read.as_ref().ok().map(FilterTreeView::from),
            problem: read.err().map(|error| error.to_string()),
            version: it.version,
            count: it.counted,
            counted_at: it.counted_at,
            created_at: it.created_at,
            created_by: it.created_by,
            updated_at: it.updated_at,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSegment {
    /// Unique, whatever its case.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(min_length = 1, max_length = 4096)]
    filter: String,
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(min_length = 1, max_length = 4096)]
    filter: Option<String>,
}

/// List segments
///
/// All of them, by name.
#[utoipa::path(get, path = "/api/v1/segments",
    responses((status = 200, description = "All segments", body = Page<SegmentView>)))]
pub async fn list(caller: May<perm::ContactsRead>) -> Result<Body<Page<SegmentView>>, Problem> {
    let mut tx = caller.begin().await?;
    let catalogue = verbs::read_catalogue(&mut tx, caller.tenant).await?;
    let found = store::list(tx.on(), caller.tenant).await?;
    tx.commit().await?;
    let views = found.into_iter().map(|it| SegmentView::new(it, &catalogue)).collect();
    Ok(Body(Page::single(views)))
}

/// Create a segment
///
/// The filter is checked: what it names has to exist. An error says at which character, in `column`.
#[utoipa::path(post, path = "/api/v1/segments", request_body = NewSegment,
    responses((status = 201, description = "Created", body = SegmentView)))]
pub async fn create(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Json(new): Json<NewSegment>,
) -> Result<(StatusCode, ETag, Body<SegmentView>), Problem> {
    let draft = SegmentDraft {
        name: new.name,
        filter: new.filter,
    };
    let made = verbs::create(&app.contacts, &caller, draft).await?;
    let mut tx = caller.begin().await?;
    let catalogue = verbs::read_catalogue(&mut tx, caller.tenant).await?;
    tx.commit().await?;
    Ok((
        StatusCode::CREATED,
        etag(made.version),
        Body(SegmentView::new(made, &catalogue)),
    ))
}

/// Show a segment
#[utoipa::path(get, path = "/api/v1/segments/{id}", params(("id" = SegmentId, Path)),
    responses((status = 200, description = "The segment", body = SegmentView)))]
pub async fn show(
    caller: May<perm::ContactsRead>,
    Path(id): Path<SegmentId>,
) -> Result<(ETag, Body<SegmentView>), Problem> {
    let mut tx = caller.begin().await?;
    let answer = read(&mut tx, caller.tenant, id).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Update a segment
///
/// With the header `If-Match`, the `ETag` of the segment as you have seen it, a change that somebody else made meanwhile is answered with 412.
/// A new name is also written into the filters of segments that name this one.
#[utoipa::path(patch, path = "/api/v1/segments/{id}", params(("id" = SegmentId, Path),
    ("if-match" = Option<String>, Header, description = "The `ETag` of the segment")), request_body = SegmentChange,
    responses((status = 200, description = "Changed", body = SegmentView)))]
pub async fn change(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<SegmentId>,
    headers: HeaderMap,
    Json(change): Json<SegmentChange>,
) -> Result<(ETag, Body<SegmentView>), Problem> {
    let update = SegmentUpdate {
        name: change.name,
        filter: change.filter,
        version: if_match(&headers)?,
    };
    verbs::update(&app.contacts, &caller, id, update).await?;
    let mut tx = caller.begin().await?;
    let answer = read(&mut tx, caller.tenant, id).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Archive a segment
///
/// Its contacts stay, and its name is free again. One that other segments name cannot be archived.
#[utoipa::path(delete, path = "/api/v1/segments/{id}", params(("id" = SegmentId, Path)),
    responses((status = 204, description = "Archived")))]
pub async fn archive(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<SegmentId>,
) -> Result<StatusCode, Problem> {
    verbs::archive(&app.contacts, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(tx: &mut Tx, tenant: TenantId, id: SegmentId) -> Result<(ETag, Body<SegmentView>), Problem> {
    let found = store::find(tx.on(), tenant, id).await?;
    let found = found.ok_or_else(|| Problem::not_found(format_args!("segment {id}")))?;
    let catalogue = verbs::read_catalogue(tx, tenant).await?;
    Ok((etag(found.version), Body(SegmentView::new(found, &catalogue))))
}
