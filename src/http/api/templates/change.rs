use axum::{Json as Body, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::show::TemplateWithSchema;
use crate::{
    app::App,
    domain::{ChannelId, TemplateId},
    http::{
        auth::Writer,
        body::understand,
        extract::{Json, Path},
        problem::Problem,
    },
    templates::{TemplateChange, TemplateDraft},
};

#[derive(Deserialize, ToSchema)]
pub struct NewTemplate {
    /// A channel of the account it is for.
    channel_id: ChannelId,
    /// The draft, which is read by itself, so that a member of it that will not do is named.
    #[serde(flatten)]
    #[schema(value_type = TemplateDraft)]
    draft: Map<String, Value>,
}

/// Create a template
///
/// Checked against the limits Meta documents, then handed to Meta, which reviews it; until it is `APPROVED` it cannot be sent.
#[utoipa::path(post, path = "/api/v1/templates", request_body = NewTemplate,
    responses((status = 201, description = "Meta has it", body = TemplateWithSchema)))]
pub async fn create(
    writer: Writer,
    State(app): State<App>,
    Json(new): Json<NewTemplate>,
) -> Result<(StatusCode, Body<TemplateWithSchema>), Problem> {
    let directory = app.directory.current();
    let route = directory
        .channel(new.channel_id)
        .filter(|route| route.tenant == writer.tenant);
    let route = route.ok_or_else(|| {
        let detail = format!("channel_id: there is no channel {}.", new.channel_id);
        Problem::field("channel_id", detail, None)
    })?;
    let draft: TemplateDraft = understand(Value::Object(new.draft))?;
    let made = app.templates.create(route, &draft).await?;
    Ok((StatusCode::CREATED, Body(TemplateWithSchema::new(made))))
}

/// Edit a template
///
/// Through Meta, which reviews it again. Only what is approved, rejected or paused can be edited; what is approved, once a day and ten
/// times in 30 days.
#[utoipa::path(patch, path = "/api/v1/templates/{id}", params(("id" = TemplateId, Path)), request_body = TemplateChange,
    responses((status = 200, description = "Meta has it", body = TemplateWithSchema)))]
pub async fn edit(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<TemplateId>,
    Json(change): Json<TemplateChange>,
) -> Result<Body<TemplateWithSchema>, Problem> {
    let edited = app.templates.edit(writer.tenant, id, &change).await?;
    Ok(Body(TemplateWithSchema::new(edited)))
}

/// Delete a template
///
/// Through Meta, in this language alone. The name of one that was approved cannot be used again for 30 days.
#[utoipa::path(delete, path = "/api/v1/templates/{id}", params(("id" = TemplateId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(writer: Writer, State(app): State<App>, Path(id): Path<TemplateId>) -> Result<StatusCode, Problem> {
    app.templates.delete(writer.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unpause a template
///
/// Takes back a pause that pacing caused. A pause for low quality ends by itself.
#[utoipa::path(post, path = "/api/v1/templates/{id}/unpause", params(("id" = TemplateId, Path)),
    responses((status = 200, description = "As Meta has it now", body = TemplateWithSchema)))]
pub async fn unpause(
    writer: Writer,
    State(app): State<App>,
    Path(id): Path<TemplateId>,
) -> Result<Body<TemplateWithSchema>, Problem> {
    let unpaused = app.templates.unpause(writer.tenant, id).await?;
    Ok(Body(TemplateWithSchema::new(unpaused)))
}
