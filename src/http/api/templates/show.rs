//! Shows and previews templates.

use axum::Json as Body;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    domain::{ChannelId, TemplateId, TenantId, perm},
    http::{
        api::{json::RawJson as Stored, sending::To},
        auth::{May, TenantAccess},
        extract::{OptionalJson, Path},
        problem::Problem,
    },
    templates::{
        self,
        schema::{ParameterFormat, Placeholder, Rendered},
        store::templates as store,
    },
};

/// A template at Meta, in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = Template)]
pub(crate) struct TemplateView {
    pub id: TemplateId,
    /// Meta's id of the WhatsApp Business Account.
    pub waba_id: String,
    /// Meta's id of the template.
    pub meta_id: String,
    pub name: String,
    /// As Meta writes it: `en_US`, `pt_BR`, `es`.
    pub language: String,
    /// `APPROVED` can be sent; `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, `IN_APPEAL`, `PENDING_DELETION`, `DELETED`,
    /// `LIMIT_EXCEEDED` and `ARCHIVED` cannot.
    pub status: String,
    /// Meta's explanation of the status, if any.
    #[schema(required)]
    pub status_detail: Option<String>,
    /// A code such as `INVALID_FORMAT`.
    #[schema(required)]
    pub rejected_reason: Option<String>,
    /// `AUTHENTICATION`, `MARKETING` or `UTILITY`.
    #[schema(required)]
    pub category: Option<String>,
    #[schema(required)]
    pub previous_category: Option<String>,
    /// The category that Meta has announced to move it to.
    #[schema(required)]
    pub announced_category: Option<String>,
    #[schema(required)]
    pub announced_category_at: Option<DateTime<Utc>>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    #[schema(required)]
    pub quality: Option<String>,
    /// `POSITIONAL` or `NAMED`.
    #[schema(required)]
    pub parameter_format: Option<String>,
    /// As at Meta.
    #[schema(value_type = Vec<Object>)]
    pub components: Stored,
    /// Seconds after which an undelivered message is dropped.
    #[schema(required)]
    pub message_send_ttl_seconds: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// When it was last fetched from Meta.
    pub synced_at: DateTime<Utc>,
}

impl From<store::StoredTemplate> for TemplateView {
    fn from(row: store::StoredTemplate) -> Self {
        Self {
            id: row.id,
            waba_id: row.waba_id,
            meta_id: row.meta_id,
            name: row.name,
            language: row.language,
            status: row.status,
            status_detail: row.status_detail,
            rejected_reason: row.rejected_reason,
            category: row.category,
            previous_category: row.previous_category,
            announced_category: row.announced_category,
            announced_category_at: row.announced_category_at,
            quality: row.quality,
            parameter_format: row.parameter_format,
            components: row.components.into(),
            message_send_ttl_seconds: row.ttl_seconds,
            created_at: row.created_at,
            updated_at: row.updated_at,
            synced_at: row.synced_at,
        }
    }
}

/// A template with the placeholders that a send fills.
#[derive(Serialize, ToSchema)]
pub(crate) struct TemplateWithSchema {
    #[serde(flatten)]
    pub template: TemplateView,
    /// Whether it can be sent now.
    pub sendable: bool,
    #[schema(inline)]
    pub variables: ParameterFormat,
    /// The placeholders that a send fills, in the order of the message.
    pub places: Vec<Placeholder>,
}

impl TemplateWithSchema {
    pub fn new(row: store::StoredTemplate) -> Self {
        let schema = templates::schema_of(&row);
        Self {
            sendable: templates::is_sendable(&row.status),
            variables: schema.body.naming,
            places: schema.placeholders(),
            template: row.into(),
        }
    }
}

/// Show a template
///
/// Includes the placeholders that a send fills: the key of each, what goes into it, and whether it is required.
#[utoipa::path(get, path = "/api/v1/templates/{id}", params(("id" = TemplateId, Path)),
    responses((status = 200, description = "The template", body = TemplateWithSchema)))]
pub async fn show(
    caller: May<perm::TemplatesRead>,
    Path(id): Path<TemplateId>,
) -> Result<Body<TemplateWithSchema>, Problem> {
    let row = find(&caller, caller.tenant, id).await?;
    Ok(Body(TemplateWithSchema::new(row)))
}

pub async fn find(caller: &TenantAccess, tenant: TenantId, id: TemplateId) -> Result<store::StoredTemplate, Problem> {
    let mut tx = caller.begin().await?;
    let found = store::find(tx.on(), tenant, id).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found(format_args!("template {id}")))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// A value for each placeholder, by its key; a variable of the body also by its bare name. Files are links, our media ids or Meta's.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "body.1": "Ana", "buttons.0": "orders/17" }))]
    variables: Map<String, Value>,
    /// Taken over into `request`.
    channel_id: Option<ChannelId>,
    /// Taken over into `request`.
    #[schema(value_type = Option<To>)]
    to: Option<Value>,
}

/// A template with its placeholders filled.
#[derive(Serialize, ToSchema)]
pub(crate) struct TemplatePreview {
    /// What the customer reads.
    rendered: Rendered,
    /// The value of `template` for `POST /api/v1/messages`.
    #[schema(value_type = Object)]
    template: Value,
    /// The body for `POST /api/v1/messages`, with the `channel_id` and `to` that were given.
    #[schema(value_type = Object)]
    request: Value,
    /// The request to Meta, without the recipient and the attempt's id. A file of ours appears with our id; it gets Meta's when it is
    /// sent.
    #[schema(value_type = Object)]
    meta_request: Value,
}

/// Preview a template
///
/// Fills it, checks it as a send would, and shows what the customer will read. Nothing is sent. The body may be omitted.
#[utoipa::path(post, path = "/api/v1/templates/{id}/preview", params(("id" = TemplateId, Path)),
    request_body = Option<PreviewRequest>, responses((status = 200, description = "The preview", body = TemplatePreview)))]
pub async fn preview(
    caller: May<perm::TemplatesRead>,
    Path(id): Path<TemplateId>,
    OptionalJson(asked): OptionalJson<PreviewRequest>,
) -> Result<Body<TemplatePreview>, Problem> {
    let row = find(&caller, caller.tenant, id).await?;
    let preview = templates::preview(&row, &asked.variables)?;
    let mut request = json!({ "type": "template", "template": preview.template });
    if let Some(channel) = asked.channel_id {
        request["channel_id"] = json!(channel);
    }
    if let Some(to) = asked.to {
        request["to"] = to;
    }
    Ok(Body(TemplatePreview {
        rendered: preview.rendered,
        template: preview.template,
        request,
        meta_request: preview.request,
    }))
}
