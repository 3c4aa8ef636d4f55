//! What Meta decides about templates.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Category, Template, TemplateSeed, TemplateStatus};
use crate::graph::Graph;
use crate::graph::statuses::Event;
use crate::simulator::lock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Reject,
    /// Stays pending until `POST /_sim/templates/{id}` decides.
    Hold,
}

/// How templates are judged that are made or edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moderation {
    pub verdict: Verdict,
    /// Of a rejection: `INVALID_FORMAT`, `ABUSIVE_CONTENT`, `PROMOTIONAL` and so on.
    pub reason: String,
    /// How long it takes; 0 answers the creation with the verdict.
    pub after_ms: u64,
}

impl Default for Moderation {
    fn default() -> Self {
        Self {
            verdict: Verdict::Approve,
            reason: "INVALID_FORMAT".to_owned(),
            after_ms: 200,
        }
    }
}

/// What `POST /_sim/templates/{id}` changes; what is not named stays. Each change is announced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TemplatePatch {
    pub status: Option<TemplateStatus>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    pub category: Option<Category>,
}

impl Graph {
    /// Adds an approved template to an account, past review; its id.
    pub fn add_template(&self, waba_id: &str, seed: TemplateSeed) -> String {
        self.ensure_account(waba_id);
        let template = seed.into_template(waba_id, self.names.number());
        let id = template.id.clone();
        lock(&self.templates).put(template);
        id
    }

    pub fn moderation(&self) -> Moderation {
        lock(&self.moderation).clone()
    }

    pub fn set_moderation(&self, moderation: Moderation) {
        *lock(&self.moderation) = moderation;
    }

    /// Approves, rejects, pauses, disables or rates a template. False if there is none of that id.
    pub fn change_template(&self, id: &str, patch: TemplatePatch) -> bool {
        let Some(before) = lock(&self.templates).get(id) else {
            return false;
        };
        let after = lock(&self.templates).change(id, |template| {
            template.status = patch.status.unwrap_or(template.status);
            template.category = patch.category.unwrap_or(template.category);
            if let Some(quality) = patch.quality {
                template.quality = quality;
            }
            template.rejected_reason = match (template.status, patch.reason) {
                (TemplateStatus::Rejected, Some(reason)) => reason,
                (TemplateStatus::Rejected, None) => "INVALID_FORMAT".to_owned(),
                _ => "NONE".to_owned(),
            };
        });
        let Some(after) = after else { return false };
        if after.status != before.status {
            let event = match (before.status, after.status) {
                (TemplateStatus::Paused, TemplateStatus::Approved) => "UNPAUSED",
                (TemplateStatus::Disabled, TemplateStatus::Approved) => "REINSTATED",
                (TemplateStatus::Archived, TemplateStatus::Approved) => "UNARCHIVED",
                (_, status) => status.name(),
            };
            self.announce_template(&after, event);
        }
        if after.quality != before.quality {
            let mut value = about(&after);
            value["previous_quality_score"] = json!(before.quality);
            value["new_quality_score"] = json!(after.quality);
            self.announce(&after.waba_id, "message_template_quality_update", value);
        }
        if after.category != before.category {
            let mut value = about(&after);
            value["previous_category"] = json!(before.category);
            value["new_category"] = json!(after.category);
            self.announce(&after.waba_id, "template_category_update", value);
        }
        true
    }

    /// Hands a template in for review; the status it has at once.
    pub(super) fn submit(&self, id: &str) -> TemplateStatus {
        match self.moderation().after_ms {
            0 => self.review(id),
            ms => self.schedule(Duration::from_millis(ms), Event::Review(id.to_owned())),
        }
        let template = lock(&self.templates).get(id);
        template.map_or(TemplateStatus::Pending, |template| template.status)
    }

    /// Decides on a template that is still pending.
    pub(crate) fn review(&self, id: &str) {
        let Moderation { verdict, reason, .. } = self.moderation();
        let is_pending = |template: &Template| template.status == TemplateStatus::Pending;
        if !lock(&self.templates)
            .get(id)
            .is_some_and(|template| is_pending(&template))
        {
            return;
        }
        let status = match verdict {
            Verdict::Approve => TemplateStatus::Approved,
            Verdict::Reject => TemplateStatus::Rejected,
            Verdict::Hold => return,
        };
        self.change_template(
            id,
            TemplatePatch {
                status: Some(status),
                reason: Some(reason),
                ..TemplatePatch::default()
            },
        );
    }

    pub(super) fn announce_template(&self, template: &Template, event: &str) {
        let mut value = about(template);
        value["event"] = json!(event);
        value["reason"] = json!(template.rejected_reason);
        value["message_template_category"] = json!(template.category);
        match event {
            "REJECTED" => {
                value["rejection_info"] = json!({
                    "reason": "The template does not follow the rules for its format.",
                    "recommendation": "Change it and hand it in again.",
                });
            }
            "PAUSED" => {
                let words = "Customers gave this template negative feedback.";
                value["other_info"] = json!({"title": "FIRST_PAUSE", "description": words});
            }
            "UNPAUSED" => value["other_info"] = json!({"title": "UNPAUSE", "description": "It can be sent again."}),
            "DISABLED" => {
                value["other_info"] = json!({"title": "DISABLED", "description": "It was paused too often."});
            }
            _ => {}
        }
        self.announce(&template.waba_id, "message_template_status_update", value);
    }
}

/// The members that name a template. Its id is an integer in webhooks, though a string in answers.
fn about(template: &Template) -> Value {
    json!({
        "message_template_id": template.id.parse::<u64>().unwrap_or(0),
        "message_template_name": template.name,
        "message_template_language": template.language,
    })
}
