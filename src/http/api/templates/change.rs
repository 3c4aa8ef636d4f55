//! Creating and changing templates at Meta.

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::show::TemplateWithSchema;
use crate::{
    app::App,
    domain::{ChannelId, TemplateId, perm},
    http::{
        auth::May,
        body::decode_value,
        extract::{Json, Path},
        problem::Problem,
    },
    templates::{TemplateChange, TemplateDraft},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewTemplate {
    /// A channel of the account that gets the template.
    channel_id: ChannelId,
    /// The draft, parsed separately, so that errors name the invalid member.
    #[serde(flatten)]
    #[schema(value_type = TemplateDraft)]
    draft: Map<String, Value>,
}

/// Create a template
///
/// Checked against the limits Meta documents, then submitted to Meta for review; until it is `APPROVED` it cannot be sent.
#[utoipa::path(post, path = "/api/v1/templates", request_body = NewTemplate,
    responses((status = 201, description = "Submitted to Meta", body = TemplateWithSchema)))]
pub async fn create(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Json(new): Json<NewTemplate>,
) -> Result<(StatusCode, Body<TemplateWithSchema>), Problem> {
    let directory = app.directory.current();
    let route = directory
        .channel(new.channel_id)
        .filter(|route| route.tenant == caller.tenant);
    let route = route.ok_or_else(|| {
        let detail = format!("channel_id: there is no channel {}.", new.channel_id);
        Problem::invalid_field("channel_id", detail, None)
    })?;
    let draft: TemplateDraft = decode_value(Value::Object(new.draft))?;
    let made = app.templates.create(route, &draft).await?;
    Ok((StatusCode::CREATED, Body(TemplateWithSchema::new(made))))
}

/// Edit a template
///
/// Submitted to Meta for another review. Only approved, rejected and paused templates can be edited; approved ones once a day and ten times
/// in 30 days.
#[utoipa::path(patch, path = "/api/v1/templates/{id}", params(("id" = TemplateId, Path)), request_body = TemplateChange,
    responses((status = 200, description = "Submitted to Meta", body = TemplateWithSchema)))]
pub async fn edit(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Path(id): Path<TemplateId>,
    Json(change): Json<TemplateChange>,
) -> Result<Body<TemplateWithSchema>, Problem> {
    let edited = app.templates.edit(&caller, id, &change).await?;
    Ok(Body(TemplateWithSchema::new(edited)))
}

/// Delete a template
///
/// Deletes it at Meta, in this language only. The name of an approved template cannot be used again for 30 days.
#[utoipa::path(delete, path = "/api/v1/templates/{id}", params(("id" = TemplateId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Path(id): Path<TemplateId>,
) -> Result<StatusCode, Problem> {
    app.templates.delete(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unpause a template
///
/// Ends a pause that pacing caused. A pause for low quality ends by itself.
#[utoipa::path(post, path = "/api/v1/templates/{id}/unpause", params(("id" = TemplateId, Path)),
    responses((status = 200, description = "The template as it is at Meta", body = TemplateWithSchema)))]
pub async fn unpause(
    caller: May<perm::TemplatesWrite>,
    State(app): State<App>,
    Path(id): Path<TemplateId>,
) -> Result<Body<TemplateWithSchema>, Problem> {
    let unpaused = app.templates.unpause(&caller, id).await?;
    Ok(Body(TemplateWithSchema::new(unpaused)))
}
