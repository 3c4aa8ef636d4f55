//! Message templates: kept (`shelf`), made and changed (`create`, `manage`, `archive`), listed (`list`), judged (`moderation`), and
//! held against what a send puts into them (`shape`, `fill`).

mod archive;
mod create;
mod fill;
mod list;
mod manage;
mod moderation;
mod rules;
mod seed;
mod shape;
mod shelf;

pub use moderation::{Moderation, TemplatePatch, Verdict};
pub use seed::TemplateSeed;
pub(crate) use shelf::Shelf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::shape::{Button, Shape};
use super::time::Moment;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    Authentication,
    Marketing,
    Utility,
    /// Not of templates: what a message without one is priced as.
    Service,
}

impl Category {
    pub(crate) const OF_TEMPLATES: [(&str, Category); 3] = [
        ("AUTHENTICATION", Self::Authentication),
        ("MARKETING", Self::Marketing),
        ("UTILITY", Self::Utility),
    ];

    /// As in `pricing.category`.
    pub(crate) fn in_pricing(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Service => "service",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TemplateStatus {
    Approved,
    Pending,
    Rejected,
    Paused,
    Disabled,
    /// Put away by the business; cannot be sent until it is brought back.
    Archived,
}

impl TemplateStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Pending => "PENDING",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
            Self::Archived => "ARCHIVED",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// Decimal digits: a string here, an integer in webhooks.
    pub id: String,
    pub waba_id: String,
    pub name: String,
    pub language: String,
    pub category: Category,
    pub status: TemplateStatus,
    /// As they were given.
    pub components: Value,
    pub is_named: bool,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: String,
    pub rejected_reason: String,
    pub ttl_seconds: Option<i64>,
    /// When it was edited while approved.
    pub edits: Vec<Moment>,
    pub shape: Shape,
}

impl Template {
    /// Whether it hands over a code, which Meta does not send to a user id.
    pub fn wants_phone(&self) -> bool {
        self.shape.buttons.contains(&Button::OneTimeCode)
    }

    fn json(&self) -> Value {
        let mut whole = json!({
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "status": self.status,
            "components": self.components,
            "parameter_format": if self.is_named { "NAMED" } else { "POSITIONAL" },
            "quality_score": {"score": self.quality, "date": 1_790_000_000},
            "rejected_reason": self.rejected_reason,
        });
        if let Some(ttl) = self.ttl_seconds {
            whole["message_send_ttl_seconds"] = json!(ttl);
        }
        whole
    }
}
