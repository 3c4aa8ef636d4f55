//! Events of Meta's templates, found by webhooks or by a template sync.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::{ChannelId, MessageId, TemplateId};

/// The template. Members that a webhook does not report of an unknown template are null.
#[derive(Serialize, ToSchema)]
pub struct EventTemplate<'a> {
    #[schema(required)]
    pub id: Option<TemplateId>,
    /// Meta's id of the WhatsApp Business Account.
    pub waba_id: &'a str,
    /// Meta's id of the template.
    #[schema(required)]
    pub meta_id: Option<&'a str>,
    #[schema(required)]
    pub name: Option<&'a str>,
    /// Meta's code: `en_US`, `pt_BR`, `es`.
    #[schema(required)]
    pub language: Option<&'a str>,
}

/// A change of a template's status.
#[derive(Serialize, ToSchema)]
pub struct StatusChanged<'a> {
    pub template: EventTemplate<'a>,
    /// `APPROVED` can be sent. Meta's word where it is not a status, such as `FLAGGED`.
    pub status: &'a str,
    /// Null for a template that was not known.
    #[schema(required)]
    pub previous_status: Option<&'a str>,
    #[schema(required)]
    pub category: Option<&'a str>,
    /// A code such as `INVALID_FORMAT`.
    #[schema(required)]
    pub reason: Option<&'a str>,
    /// Meta's description.
    #[schema(required)]
    pub detail: Option<&'a str>,
}

/// A change of a template's quality rating.
#[derive(Serialize, ToSchema)]
pub struct TemplateQualityChanged<'a> {
    pub template: EventTemplate<'a>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: &'a str,
    #[schema(required)]
    pub previous_quality: Option<&'a str>,
}

/// A change of a template's category.
#[derive(Serialize, ToSchema)]
pub struct CategoryChanged<'a> {
    pub template: EventTemplate<'a>,
    /// `AUTHENTICATION`, `MARKETING` or `UTILITY`: determines the price of a message.
    #[schema(required)]
    pub category: Option<&'a str>,
    #[schema(required)]
    pub previous_category: Option<&'a str>,
    /// The category that Meta has announced.
    #[schema(required)]
    pub announced_category: Option<&'a str>,
    #[schema(required)]
    pub announced_category_at: Option<DateTime<Utc>>,
}

/// A change of a template's components.
#[derive(Serialize, ToSchema)]
pub struct ComponentsChanged<'a> {
    pub template: EventTemplate<'a>,
    /// The components as Meta has them.
    #[schema(required, value_type = Option<Vec<Object>>)]
    pub components: Option<&'a RawValue>,
}

/// A message that Meta rejected because of its template.
#[derive(Serialize, ToSchema)]
pub struct TemplateRefused<'a> {
    pub channel_id: ChannelId,
    /// The message that failed.
    pub message_id: MessageId,
    /// Name of the template.
    #[schema(required)]
    pub name: Option<&'a str>,
    #[schema(required)]
    pub language: Option<&'a str>,
    pub code: i64,
    pub title: &'a str,
}

types! {
    STATUS_CHANGED = "template.status_changed", StatusChanged<'static>,
        "A template was approved, rejected, paused, disabled or deleted, or was seen for the first time.",
        with(json!({ "status": "PAUSED", "previous_status": "APPROVED", "category": "MARKETING", "reason": null,
            "detail": "Customers gave this template negative feedback." }));
    QUALITY_CHANGED = "template.quality_changed", TemplateQualityChanged<'static>,
        "The quality rating of a template changed; a RED template is paused next.",
        with(json!({ "quality": "YELLOW", "previous_quality": "GREEN" }));
    CATEGORY_CHANGED = "template.category_changed", CategoryChanged<'static>,
        "Meta changed the category of a template or announced a change.",
        with(json!({ "category": "UTILITY", "previous_category": null, "announced_category": "MARKETING",
            "announced_category_at": "2026-09-22T00:00:00Z" }));
    COMPONENTS_CHANGED = "template.components_changed", ComponentsChanged<'static>,
        "The text, buttons or placeholders of a template changed.",
        with(json!({ "components": [{ "type": "BODY", "text": "Hello {{1}}, your order is on its way." }] }));
    REFUSED = "template.refused", TemplateRefused<'static>,
        "Meta rejected a message because of its template: it is deleted, paused, or has other parameters than sent.",
        json!({ "channel_id": sample::CHANNEL, "message_id": sample::MESSAGE, "name": "order_shipped", "language": "en_US",
            "code": 132_015, "title": "Template is paused" });
}

fn with(rest: Value) -> Value {
    let mut data = json!({ "template": { "id": sample::TEMPLATE, "waba_id": sample::WABA, "meta_id": "1029384756",
        "name": "order_shipped", "language": "en_US" } });
    sample::overlay(&mut data, rest);
    data
}
