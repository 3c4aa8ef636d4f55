//! `message_template_*` and `template_category_update`. Template ids are numbers here and strings in the REST API.

use chrono::{DateTime, Utc};

use super::AccountDetail;
use crate::webhook::json::JsonTree;

/// Reference to a template; at least one of id and name is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRef {
    pub id: Option<String>,
    pub name: Option<String>,
    /// As sent: Meta writes both `en_US` and `en-US`.
    pub language: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateStatus {
    pub template: TemplateRef,
    /// `APPROVED`, `REJECTED`, `PAUSED`, `FLAGGED`, …
    pub status: String,
    pub category: Option<String>,
    /// A code such as `INVALID_FORMAT`; `None` for Meta's `NONE`.
    pub reason: Option<String>,
    /// Explanation of a rejection or pause.
    pub explanation: Option<String>,
    /// `FIRST_PAUSE`, `RATE_LIMITING_PAUSE`, …
    pub title: Option<String>,
    /// As sent: a date in words or a number.
    pub disable_date: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateQuality {
    pub template: TemplateRef,
    pub previous: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub new: String,
}

/// A category change: first announced a day ahead (`correct` is set, `new` is the current category), then done (`previous` is set).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateCategory {
    pub template: TemplateRef,
    pub previous: Option<String>,
    pub new: Option<String>,
    pub correct: Option<String>,
    pub takes_effect_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateComponents {
    pub template: TemplateRef,
    pub title: Option<String>,
    pub body: Option<String>,
    pub footer: Option<String>,
    pub buttons: Vec<TemplateButton>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateButton {
    pub kind: Option<String>,
    pub text: Option<String>,
    pub url: Option<String>,
    pub phone_number: Option<String>,
}

type Detail = Option<(Option<String>, AccountDetail)>;

impl TemplateRef {
    fn read(value: &JsonTree<'_>) -> Option<(Option<String>, TemplateRef)> {
        let id = value.get("message_template_id").id();
        let name = value.get("message_template_name").text();
        let subject = id.clone().or_else(|| name.clone());
        subject.is_some().then_some(())?;
        Some((
            subject,
            TemplateRef {
                id,
                name,
                language: value.get("message_template_language").text(),
            },
        ))
    }
}

pub(crate) fn template_status(value: &JsonTree<'_>) -> Detail {
    let (subject, template) = TemplateRef::read(value)?;
    let (rejection, info) = (value.get("rejection_info"), value.get("other_info"));
    let status = TemplateStatus {
        template,
        status: word(value.get("event"))?,
        category: word(value.get("message_template_category")),
        reason: word(value.get("reason")).filter(|reason| reason != "NONE"),
        explanation: rejection
            .get("reason")
            .text()
            .or_else(|| info.get("description").text()),
        title: info.get("title").text(),
        disable_date: value.get("disable_info").get("disable_date").text(),
    };
    Some((subject, AccountDetail::TemplateStatus(status)))
}

pub(crate) fn template_quality(value: &JsonTree<'_>) -> Detail {
    let (subject, template) = TemplateRef::read(value)?;
    let quality = TemplateQuality {
        template,
        previous: word(value.get("previous_quality_score")),
        new: word(value.get("new_quality_score"))?,
    };
    Some((subject, AccountDetail::TemplateQuality(quality)))
}

pub(crate) fn template_category(value: &JsonTree<'_>) -> Detail {
    let (subject, template) = TemplateRef::read(value)?;
    let category = TemplateCategory {
        template,
        previous: word(value.get("previous_category")),
        new: word(value.get("new_category")),
        correct: word(value.get("correct_category")),
        takes_effect_at: value.get("category_update_timestamp").time(),
    };
    let says_something = category.new.is_some() || category.correct.is_some();
    says_something.then_some((subject, AccountDetail::TemplateCategory(category)))
}

pub(crate) fn template_components(value: &JsonTree<'_>) -> Detail {
    let (subject, template) = TemplateRef::read(value)?;
    let components = TemplateComponents {
        template,
        title: value.get("message_template_title").text(),
        body: value.get("message_template_element").text(),
        footer: value.get("message_template_footer").text(),
        buttons: value
            .get("message_template_buttons")
            .list()
            .iter()
            .map(button)
            .collect(),
    };
    Some((subject, AccountDetail::TemplateComponents(components)))
}

/// Returns an enum value in upper case; Meta writes them in either case.
fn word(json: &JsonTree<'_>) -> Option<String> {
    json.text().map(|text| text.to_uppercase())
}

fn button(button: &JsonTree<'_>) -> TemplateButton {
    TemplateButton {
        kind: button.get("message_template_button_type").text(),
        text: button.get("message_template_button_text").text(),
        url: button.get("message_template_button_url").text(),
        phone_number: button.get("message_template_button_phone_number").text(),
    }
}
