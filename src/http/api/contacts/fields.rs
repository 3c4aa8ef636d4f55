//! Custom fields of contacts.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    contacts::{
        fields::{self, FieldDraft, FieldUpdate},
        store::fields::ContactField,
    },
    domain::{FieldType, perm},
    http::{
        auth::May,
        extract::{Json, Path},
        paging::Page,
        problem::Problem,
    },
};

/// A custom field.
#[derive(Serialize, ToSchema)]
#[schema(as = ContactField)]
pub(crate) struct ContactFieldView {
    key: String,
    label: String,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: FieldType,
    /// The values of a choice; empty for other types.
    choices: Vec<String>,
    /// Fields are listed by it, then by key.
    position: i64,
    /// When it was archived; null while values can be written.
    #[schema(required)]
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by: String,
}

impl From<ContactField> for ContactFieldView {
    fn from(it: ContactField) -> Self {
        Self {
            choices: it.choices(),
            key: it.key,
            label: it.label,
            kind: it.kind,
            position: it.position,
            archived_at: it.archived_at,
            created_at: it.created_at,
            created_by: it.created_by,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContactField {
    /// How requests, filters and files name it. It never changes.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "city")]
    key: String,
    /// The key, unless given.
    #[schema(min_length = 1, max_length = 100)]
    label: Option<String>,
    /// It never changes: another type is another key.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: FieldType,
    /// The values of a choice; 1 to 200.
    #[serde(default)]
    choices: Vec<String>,
    position: Option<i64>,
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactFieldChange {
    #[schema(min_length = 1, max_length = 100)]
    label: Option<String>,
    /// Values that contacts have stay as they are.
    choices: Option<Vec<String>>,
    position: Option<i64>,
    archived: Option<bool>,
}

/// List custom fields
///
/// All of them, the archived ones too.
#[utoipa::path(get, path = "/api/v1/contact-fields",
    responses((status = 200, description = "All fields", body = Page<ContactFieldView>)))]
pub async fn list_fields(
    caller: May<perm::SettingsRead>,
    State(app): State<App>,
) -> Result<Body<Page<ContactFieldView>>, Problem> {
    let found = fields::list(&app.contacts, &caller).await?;
    Ok(Body(Page::single(
        found.into_iter().map(ContactFieldView::from).collect(),
    )))
}

/// Create a custom field
#[utoipa::path(post, path = "/api/v1/contact-fields", request_body = NewContactField,
    responses((status = 201, description = "Created", body = ContactFieldView)))]
pub async fn create_field(
    caller: May<perm::SettingsWrite>,
    State(app): State<App>,
    Json(new): Json<NewContactField>,
) -> Result<(StatusCode, Body<ContactFieldView>), Problem> {
    let draft = FieldDraft {
        key: new.key,
        label: new.label,
        kind: new.kind,
        choices: new.choices,
        position: new.position,
    };
    let made = fields::create(&app.contacts, &caller, draft).await?;
    Ok((StatusCode::CREATED, Body(made.into())))
}

/// Update a custom field
#[utoipa::path(patch, path = "/api/v1/contact-fields/{key}", params(("key" = String, Path)), request_body = ContactFieldChange,
    responses((status = 200, description = "Changed", body = ContactFieldView)))]
pub async fn change_field(
    caller: May<perm::SettingsWrite>,
    State(app): State<App>,
    Path(key): Path<String>,
    Json(change): Json<ContactFieldChange>,
) -> Result<Body<ContactFieldView>, Problem> {
    let change = FieldUpdate {
        label: change.label,
        choices: change.choices,
        position: change.position,
        archived: change.archived,
    };
    Ok(Body(fields::update(&app.contacts, &caller, &key, change).await?.into()))
}

/// Archive a custom field
///
/// Its values stay; nothing more is written to it.
#[utoipa::path(delete, path = "/api/v1/contact-fields/{key}", params(("key" = String, Path)),
    responses((status = 204, description = "Archived")))]
pub async fn archive_field(
    caller: May<perm::SettingsWrite>,
    State(app): State<App>,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    fields::archive(&app.contacts, &caller, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
