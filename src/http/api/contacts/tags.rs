//! Tags and lists of contacts.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    contacts::{
        store::tags::Tag,
        tags::{self, TagUpdate},
    },
    domain::{TagId, TagKind, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Json, Path, given},
        paging::Page,
        problem::Problem,
    },
};

/// A tag or a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag)]
pub(crate) struct TagView {
    id: TagId,
    name: String,
    /// Six hexadecimal digits.
    #[schema(required)]
    colour: Option<String>,
    created_at: DateTime<Utc>,
    created_by: String,
}

impl From<Tag> for TagView {
    fn from(it: Tag) -> Self {
        Self {
            id: it.id,
            name: it.name,
            colour: it.colour,
            created_at: it.created_at,
            created_by: it.created_by,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTag {
    /// Unique, whatever its case.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Six hexadecimal digits.
    #[schema(example = "3b82f6")]
    colour: Option<String>,
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagMembers {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    colour: Option<Option<String>>,
}

async fn all(caller: &TenantAccess, app: &App, kind: TagKind) -> Result<Body<Page<TagView>>, Problem> {
    let found = tags::list(&app.contacts, caller, kind).await?;
    Ok(Body(Page::single(found.into_iter().map(TagView::from).collect())))
}

async fn make(
    caller: &TenantAccess,
    app: &App,
    kind: TagKind,
    new: NewTag,
) -> Result<(StatusCode, Body<TagView>), Problem> {
    let made = tags::create(&app.contacts, caller, kind, &new.name, new.colour.as_deref()).await?;
    Ok((StatusCode::CREATED, Body(made.into())))
}

async fn rename(
    caller: &TenantAccess,
    app: &App,
    kind: TagKind,
    id: TagId,
    change: TagMembers,
) -> Result<Body<TagView>, Problem> {
    let change = TagUpdate {
        name: change.name,
        colour: change.colour,
    };
    Ok(Body(
        tags::update(&app.contacts, caller, kind, id, change).await?.into(),
    ))
}

/// List tags
///
/// All of them, by name.
#[utoipa::path(get, path = "/api/v1/tags", responses((status = 200, description = "All tags", body = Page<TagView>)))]
pub async fn list_tags(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
) -> Result<Body<Page<TagView>>, Problem> {
    all(&caller, &app, TagKind::Contact).await
}

/// Create a tag
///
/// Tags are also created by their first use on a contact.
#[utoipa::path(post, path = "/api/v1/tags", request_body = NewTag,
    responses((status = 201, description = "Created", body = TagView)))]
pub async fn create_tag(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Json(new): Json<NewTag>,
) -> Result<(StatusCode, Body<TagView>), Problem> {
    make(&caller, &app, TagKind::Contact, new).await
}

/// Update a tag
#[utoipa::path(patch, path = "/api/v1/tags/{id}", params(("id" = TagId, Path)), request_body = TagMembers,
    responses((status = 200, description = "Changed", body = TagView)))]
pub async fn change_tag(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<TagId>,
    Json(change): Json<TagMembers>,
) -> Result<Body<TagView>, Problem> {
    rename(&caller, &app, TagKind::Contact, id, change).await
}

/// Delete a tag
///
/// Takes it off all contacts.
#[utoipa::path(delete, path = "/api/v1/tags/{id}", params(("id" = TagId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete_tag(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<TagId>,
) -> Result<StatusCode, Problem> {
    tags::delete(&app.contacts, &caller, TagKind::Contact, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List lists
///
/// All lists of contacts, by name.
#[utoipa::path(get, path = "/api/v1/lists", responses((status = 200, description = "All lists", body = Page<TagView>)))]
pub async fn list_lists(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
) -> Result<Body<Page<TagView>>, Problem> {
    all(&caller, &app, TagKind::List).await
}

/// Create a list
#[utoipa::path(post, path = "/api/v1/lists", request_body = NewTag,
    responses((status = 201, description = "Created", body = TagView)))]
pub async fn create_list(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Json(new): Json<NewTag>,
) -> Result<(StatusCode, Body<TagView>), Problem> {
    make(&caller, &app, TagKind::List, new).await
}

/// Update a list
#[utoipa::path(patch, path = "/api/v1/lists/{id}", params(("id" = TagId, Path)), request_body = TagMembers,
    responses((status = 200, description = "Changed", body = TagView)))]
pub async fn change_list(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<TagId>,
    Json(change): Json<TagMembers>,
) -> Result<Body<TagView>, Problem> {
    rename(&caller, &app, TagKind::List, id, change).await
}

/// Delete a list
///
/// Its contacts stay.
#[utoipa::path(delete, path = "/api/v1/lists/{id}", params(("id" = TagId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete_list(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<TagId>,
) -> Result<StatusCode, Problem> {
    tags::delete(&app.contacts, &caller, TagKind::List, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
