//! Message templates of our own: texts, buttons, lists and media with variables, in versions.

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::message_template_view::{FilledMessage, MessageTemplateView, MessageTemplateWithVersions, with_versions};
use crate::{
    app::App,
    domain::{MessageTemplateId, MessageTemplateState, perm},
    http::{
        auth::May,
        extract::{Json, OptionalJson, Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    templates::{
        local::{Activation, LocalContent, LocalError, LocalTemplateRef, Update},
        store::message_templates as store,
    },
};

const LIST: &str = "message_templates";

/// Selects the message templates of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessageTemplatesQuery {
    #[param(inline)]
    state: Option<MessageTemplateState>,
    /// Part of the name.
    name: Option<String>,
}

/// List message templates
///
/// Reusable messages with variables, the newest first. Every tenant starts with a few.
#[utoipa::path(get, path = "/api/v1/message-templates", params(PagingParams, ListMessageTemplatesQuery),
    responses((status = 200, description = "A page of message templates", body = Page<MessageTemplateView>)))]
pub async fn list(
    caller: May<perm::TemplatesRead>,
    State(app): State<App>,
    paging: Paging,
    Query(query): Query<ListMessageTemplatesQuery>,
) -> Result<Body<Page<MessageTemplateView>>, Problem> {
    let before = paging.key(LIST)?;
    app.templates.seed(caller.tenant).await?;
    let filter = store::MessageTemplateFilter {
        state: query
            .state
            .map(MessageTemplateState::as_str)
            .unwrap_or_default()
            .to_owned(),
        name: query.name.unwrap_or_default(),
    };
    let mut tx = caller.begin().await?;
    let rows = store::page(tx.on(), caller.tenant, filter, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::new(&paging, LIST, rows, |row| row.id).map(MessageTemplateView::from),
    ))
}

/// Show a message template
///
/// Includes its versions, newest first.
#[utoipa::path(get, path = "/api/v1/message-templates/{id}", params(("id" = MessageTemplateId, Path)),
    responses((status = 200, description = "The message template", body = MessageTemplateWithVersions)))]
pub async fn show(
    caller: May<perm::TemplatesRead>,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
) -> Result<Body<MessageTemplateWithVersions>, Problem> {
    let row = app
        .templates
        .find_local(caller.tenant, &LocalTemplateRef::Id(id))
        .await?;
    Ok(Body(with_versions(&caller, row).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessageTemplate {
    /// At most 100 characters; messages may refer to the template by it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    content: LocalContent,
    /// Creates it as a draft, which cannot be sent until it is activated.
    #[serde(default)]
    draft: bool,
}

/// Create a message template
#[utoipa::path(post, path = "/api/v1/message-templates", request_body = NewMessageTemplate,
    responses((status = 201, description = "Created", body = MessageTemplateWithVersions)))]
pub async fn create(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Json(new): Json<NewMessageTemplate>,
) -> Result<(StatusCode, Body<MessageTemplateWithVersions>), Problem> {
    let library = &app.templates;
    let made = library
        .create_local(&caller, &new.name, &new.content, version_state(new.draft))
        .await?;
    Ok((StatusCode::CREATED, Body(with_versions(&caller, made).await?)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessageTemplateVersion {
    content: LocalContent,
    /// Adds it as a draft; until it is activated the version before stays active.
    #[serde(default)]
    draft: bool,
}

/// Add a version of a message template
///
/// A version is immutable: to change the content, add another.
#[utoipa::path(post, path = "/api/v1/message-templates/{id}/versions",
    params(("id" = MessageTemplateId, Path)), request_body = NewMessageTemplateVersion,
    responses((status = 201, description = "Added", body = MessageTemplateWithVersions)))]
pub async fn add_version(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
    Json(new): Json<NewMessageTemplateVersion>,
) -> Result<(StatusCode, Body<MessageTemplateWithVersions>), Problem> {
    let library = &app.templates;
    let said = library
        .add_local_version(&caller, id, &new.content, version_state(new.draft))
        .await?;
    Ok((StatusCode::CREATED, Body(with_versions(&caller, said).await?)))
}

const fn version_state(draft: bool) -> Activation {
    if draft { Activation::Draft } else { Activation::Active }
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageTemplateChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// `archived` keeps the template and stops it from being sent.
    #[schema(inline)]
    state: Option<MessageTemplateState>,
    /// The version to send from now on; activates the template.
    #[schema(minimum = 1)]
    active_version: Option<i64>,
}

/// Update a message template
///
/// Renames, activates or archives it.
#[utoipa::path(patch, path = "/api/v1/message-templates/{id}", params(("id" = MessageTemplateId, Path)),
    request_body = MessageTemplateChange, responses((status = 200, description = "Changed", body = MessageTemplateWithVersions)))]
pub async fn change(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
    Json(change): Json<MessageTemplateChange>,
) -> Result<Body<MessageTemplateWithVersions>, Problem> {
    let update = Update {
        name: change.name,
        state: change.state,
        active_version: change.active_version,
    };
    let changed = app.templates.update_local(&caller, id, update).await;
    let changed = changed.map_err(|error| match error {
        LocalError::NoSuchVersion(..) => Problem::from(error).with_field("active_version"),
        error => error.into(),
    })?;
    Ok(Body(with_versions(&caller, changed).await?))
}

/// Delete a message template
///
/// Deletes all its versions too. Messages created from it stay as they are.
#[utoipa::path(delete, path = "/api/v1/message-templates/{id}", params(("id" = MessageTemplateId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
) -> Result<StatusCode, Problem> {
    app.templates.delete_local(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageTemplatePreview {
    /// A text or a number for each of its variables.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "name": "Ana" }))]
    variables: Map<String, Value>,
    /// The version; the active one by default.
    #[schema(minimum = 1)]
    version: Option<i64>,
}

/// Preview a message template
///
/// Shows the message that `POST /api/v1/messages` would create. Nothing is sent. The body may be omitted.
#[utoipa::path(post, path = "/api/v1/message-templates/{id}/preview", params(("id" = MessageTemplateId, Path)),
    request_body = Option<MessageTemplatePreview>, responses((status = 200, description = "The message", body = FilledMessage)))]
pub async fn preview(
    caller: May<perm::TemplatesRead>,
    State(app): State<App>,
    Path(id): Path<MessageTemplateId>,
    OptionalJson(request): OptionalJson<MessageTemplatePreview>,
) -> Result<Body<FilledMessage>, Problem> {
    let which = LocalTemplateRef::Id(id);
    let content = app
        .templates
        .local_content(caller.tenant, &which, request.version)
        .await?;
    let filled = content.fill(&request.variables).map_err(LocalError::from)?;
    Ok(Body(filled.into()))
}
