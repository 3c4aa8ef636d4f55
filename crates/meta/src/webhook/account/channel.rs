//! Account events about one business number, which Meta identifies by its displayed form, not by its id.

use super::AccountDetail;
use crate::{phone::digits, webhook::json::JsonTree};

/// `phone_number_quality_update`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneQuality {
    pub display_phone_number: Option<String>,
    /// `ONBOARDING`, `THROUGHPUT_UPGRADE`; before 2025 also `FLAGGED`, `UPGRADE`, …
    pub event: String,
    /// `TIER_2K`, `TIER_UNLIMITED`, …; Meta plans to remove both limits.
    pub current_limit: Option<String>,
    pub old_limit: Option<String>,
    /// The portfolio's tier, which replaces them.
    pub max_daily_conversations: Option<String>,
}

/// `phone_number_name_update`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneName {
    pub display_phone_number: Option<String>,
    /// `APPROVED`, `DEFERRED`, `PENDING`, `REJECTED`.
    pub decision: String,
    pub requested_name: Option<String>,
    pub rejection_reason: Option<String>,
}

/// `security`: the number's two-step verification PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    pub display_phone_number: Option<String>,
    /// `PIN_CHANGED`, `PIN_RESET_REQUEST`, `PIN_RESET_SUCCESS`.
    pub event: String,
    /// User id of the requester.
    pub requester: Option<String>,
}

type Detail = Option<(Option<String>, AccountDetail)>;

fn displayed(value: &JsonTree<'_>) -> Option<String> {
    value.get("display_phone_number").text().and_then(|it| digits(&it))
}

pub(crate) fn phone_quality(value: &JsonTree<'_>) -> Detail {
    let display_phone_number = displayed(value);
    let quality = PhoneQuality {
        display_phone_number: display_phone_number.clone(),
        event: value.get("event").text()?,
        current_limit: value.get("current_limit").text(),
        old_limit: value.get("old_limit").text(),
        max_daily_conversations: value.get("max_daily_conversations_per_business").text(),
    };
    Some((display_phone_number, AccountDetail::PhoneQuality(quality)))
}

pub(crate) fn phone_name(value: &JsonTree<'_>) -> Detail {
    let display_phone_number = displayed(value);
    let name = PhoneName {
        display_phone_number: display_phone_number.clone(),
        decision: value.get("decision").text()?,
        requested_name: value.get("requested_verified_name").text(),
        rejection_reason: value.get("rejection_reason").text().filter(|reason| reason != "NONE"),
    };
    Some((display_phone_number, AccountDetail::PhoneName(name)))
}

pub(crate) fn security(value: &JsonTree<'_>) -> Detail {
    let display_phone_number = displayed(value);
    let security = Security {
        display_phone_number: display_phone_number.clone(),
        event: value.get("event").text()?,
        requester: value.get("requester").text(),
    };
    Some((display_phone_number, AccountDetail::Security(security)))
}
