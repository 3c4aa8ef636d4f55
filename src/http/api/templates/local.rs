use axum::{Json as Body, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::shown::{FilledMessage, MessageTemplate, MessageTemplateWithVersions, shown};
use crate::{
    app::App,
    domain::MessageTemplateId,
    http::{
        auth::{Reader, Writer},
        extract::{Json, Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    templates::{
        local::{Activation, LocalContent, LocalError, LocalTemplateRef, Update},
        store::message_templates as store,
    },
};

const LIST: &str = "message_templates";

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Stage {
    Draft,
    Active,
    Archived,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// Which message templates are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WantedMessageTemplates {
    #[param(inline)]
    state: Option<Stage>,
    /// A part of the name.
    name: Option<String>,
}

/// List message templates
///
/// Messages of our own with places to fill, the newest first. Every tenant begins with a few.
#[utoipa::path(get, path = "/api/v1/message-templates", params(PagingParams, WantedMessageTemplates),
    responses((status = 200, description = "A page of message templates", body = Page<MessageTemplate>)))]
pub async fn list(
    reader: Reader,
    State(app): State<App>,
    paging: Paging,
    Query(wanted): Query<WantedMessageTemplates>,
) -> Result<Body<Page<MessageTemplate>>, Problem> {
    let before = paging.key(LIST)?;
    app.templates.seed(reader.tenant).await?;
    let filter = store::MessageTemplateFilter {
        state: wanted.state.map(Stage::as_str).unwrap_or_default().to_owned(),
        name: wanted.name.unwrap_or_default(),
    };
    let mut tx = reader.begin().await?;
    let rows = store::page(&mut tx, reader.tenant, filter, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::new(&paging, LIST, rows, |row| row.id).map(MessageTemplate::from),
    ))
}

/// Show a message template
///
/// With its versions, the newest first.
#[utoipa::path(get, path = "/api/v1/message-templates/{id}", params(("id" = MessageTemplateId, Path)),
    responses((status = 200, description = "The message template", body = MessageTemplateWithVersions)))]
pub async fn show(
    reader: Reader,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
) -> Result<Body<MessageTemplateWithVersions>, Problem> {
    let row = app
        .templates
        .find_local(reader.tenant, &LocalTemplateRef::Id(id))
        .await?;
    Ok(Body(shown(&reader, row).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessageTemplate {
    /// At most 100 characters; messages may name it by this.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    content: LocalContent,
    /// Keeps it from being sent until it is activated.
    #[serde(default)]
    draft: bool,
}

/// Create a message template
#[utoipa::path(post, path = "/api/v1/message-templates", request_body = NewMessageTemplate,
    responses((status = 201, description = "Created", body = MessageTemplateWithVersions)))]
pub async fn create(
    writer: Writer,
    State(app): State<App>,
    Json(new): Json<NewMessageTemplate>,
) -> Result<(StatusCode, Body<MessageTemplateWithVersions>), Problem> {
    let library = &app.templates;
    let made = library
        .create_local(writer.tenant, &new.name, &new.content, put(new.draft))
        .await?;
    Ok((StatusCode::CREATED, Body(shown(&writer, made).await?)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessageTemplateVersion {
    content: LocalContent,
    /// Keeps it from being sent until it is activated; until then the version before it is.
    #[serde(default)]
    draft: bool,
}

/// Add a version of a message template
///
/// A version is never changed: to say something else, add another.
#[utoipa::path(post, path = "/api/v1/message-templates/{id}/versions",
    params(("id" = MessageTemplateId, Path)), request_body = NewMessageTemplateVersion,
    responses((status = 201, description = "Added", body = MessageTemplateWithVersions)))]
pub async fn add_version(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
    Json(new): Json<NewMessageTemplateVersion>,
) -> Result<(StatusCode, Body<MessageTemplateWithVersions>), Problem> {
    let library = &app.templates;
    let said = library
        .add_local_version(writer.tenant, id, &new.content, put(new.draft))
        .await?;
    Ok((StatusCode::CREATED, Body(shown(&writer, said).await?)))
}

const fn put(draft: bool) -> Activation {
    if draft { Activation::Draft } else { Activation::Active }
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageTemplateChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// `archived` keeps it and sends it no more.
    #[schema(inline)]
    state: Option<Stage>,
    /// The version to send from now on; makes the template active.
    #[schema(minimum = 1)]
    active_version: Option<i64>,
}

/// Update a message template
///
/// Renames, activates or archives it.
#[utoipa::path(patch, path = "/api/v1/message-templates/{id}", params(("id" = MessageTemplateId, Path)),
    request_body = MessageTemplateChange, responses((status = 200, description = "Changed", body = MessageTemplateWithVersions)))]
pub async fn change(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
    Json(change): Json<MessageTemplateChange>,
) -> Result<Body<MessageTemplateWithVersions>, Problem> {
    let update = Update {
        name: change.name,
        state: change.state.map(Stage::as_str),
        active_version: change.active_version,
    };
    let changed = app.templates.update_local(writer.tenant, id, update).await;
    let changed = changed.map_err(|error| match error {
        LocalError::NoSuchVersion(..) => Problem::from(error).about("active_version"),
        error => error.into(),
    })?;
    Ok(Body(shown(&writer, changed).await?))
}

/// Delete a message template
///
/// With all its versions. Messages made of it stay as they are.
#[utoipa::path(delete, path = "/api/v1/message-templates/{id}", params(("id" = MessageTemplateId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
) -> Result<StatusCode, Problem> {
    app.templates.delete_local(writer.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageTemplatePreview {
    /// A text or a number for each of its variables.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "name": "Ana" }))]
    variables: Map<String, Value>,
    /// The one that is sent, unless another is named.
    #[schema(minimum = 1)]
    version: Option<i64>,
}

/// Preview a message template
///
/// What `POST /api/v1/messages` would make of it. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/message-templates/{id}/preview", params(("id" = MessageTemplateId, Path)),
    request_body = MessageTemplatePreview, responses((status = 200, description = "The message", body = FilledMessage)))]
pub async fn preview(
    reader: Reader,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
    Json(request): Json<MessageTemplatePreview>,
) -> Result<Body<FilledMessage>, Problem> {
    let library = &app.templates;
    let which = LocalTemplateRef::Id(id);
    let filled = library
        .fill_local(reader.tenant, &which, request.version, &request.variables)
        .await?;
    Ok(Body(filled.into()))
}
