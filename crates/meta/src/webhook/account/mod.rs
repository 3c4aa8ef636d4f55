//! Account-level events: one per value, typed where the product acts on them.

mod business;
mod channel;
mod template;

pub use business::{AccountUpdate, Alert, Capability, Restriction, Review};
pub use channel::{PhoneName, PhoneQuality, Security};
pub use template::{
    TemplateButton, TemplateCategory, TemplateComponents, TemplateQuality, TemplateRef, TemplateStatus,
};

pub(super) use business::{alert, capability, review, update};
pub(super) use channel::{phone_name, phone_quality, security};
pub(super) use template::{template_category, template_components, template_quality, template_status};

use super::{PhoneCall, json::JsonTree};
use mainstay_events::EventType;

#[derive(Debug, Clone, PartialEq)]
pub struct AccountEvent {
    /// Type of the domain event, e.g. `template.status_changed`; `meta.<field>` for fields that are passed on untyped.
    pub event: &'static EventType,
    /// Id of the object concerned: template, display phone number, flow, call, group, …
    pub subject: Option<String>,
    /// The value's (or the batch element's) JSON, safe for `JSONB`.
    pub raw: String,
    pub detail: AccountDetail,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AccountDetail {
    TemplateStatus(TemplateStatus),
    TemplateQuality(TemplateQuality),
    TemplateCategory(TemplateCategory),
    TemplateComponents(TemplateComponents),
    PhoneQuality(PhoneQuality),
    PhoneName(PhoneName),
    Update(AccountUpdate),
    Review(Review),
    Capability(Capability),
    Security(Security),
    Alert(Alert),
    Call(Box<PhoneCall>),
    /// Untyped; see `raw`.
    Other,
}

/// Reads a field that is passed on untyped, with the first id found in it.
pub(super) fn other(value: &JsonTree<'_>) -> Option<(Option<String>, AccountDetail)> {
    const IDS: [&str; 5] = [
        "flow_id",
        "solution_id",
        "configuration_name",
        "message_template_id",
        "display_phone_number",
    ];
    Some((IDS.iter().find_map(|key| value.get(key).id()), AccountDetail::Other))
}
