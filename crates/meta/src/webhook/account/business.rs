//! Account events about the whole WhatsApp Business Account.

use chrono::{DateTime, Utc};

use super::AccountDetail;
use crate::webhook::json::JsonTree;

/// `account_update`: an event with the block that belongs to it; other blocks are in `raw` only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// `ACCOUNT_VIOLATION`, `DISABLED_UPDATE`, `PARTNER_REMOVED`, … as sent.
    pub event: String,
    /// The WABA, where the entry's id is a business portfolio.
    pub waba_id: Option<String>,
    pub owner_business_id: Option<String>,
    pub phone_number: Option<String>,
    /// `SCHEDULE_FOR_DISABLE`, `DISABLE`, `REINSTATE`.
    pub ban_state: Option<String>,
    /// A date in words.
    pub ban_date: Option<String>,
    pub violation_type: Option<String>,
    pub restrictions: Vec<Restriction>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// `RESTRICTED_BIZ_INITIATED_MESSAGING`, …
    pub kind: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub remediation: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// `APPROVED`, `REJECTED`, `PENDING`, `DEFERRED`.
    pub decision: String,
}

/// `business_capability_update`; at least one field is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capability {
    /// Until Graph v23; -1 is unlimited.
    pub max_daily_conversations_per_phone: Option<i64>,
    /// Since Graph v24, a tier like `TIER_2K`.
    pub max_daily_conversations_per_business: Option<String>,
    pub max_phone_numbers: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// `BUSINESS`, `WABA` or `PHONE_NUMBER`.
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub severity: Option<String>,
    pub status: Option<String>,
    /// `OBA_APPROVED`, `PROFILE_PICTURE_LOST`, …
    pub kind: String,
    pub description: Option<String>,
}

type Detail = Option<(Option<String>, AccountDetail)>;

pub(crate) fn update(value: &JsonTree<'_>) -> Detail {
    let (ban, waba) = (value.get("ban_info"), value.get("waba_info"));
    let update = AccountUpdate {
        event: value.get("event").text()?,
        waba_id: waba.get("waba_id").id(),
        owner_business_id: waba.get("owner_business_id").id(),
        phone_number: value.get("phone_number").text(),
        ban_state: one_or_first(ban.get("waba_ban_state")),
        ban_date: ban.get("waba_ban_date").text(),
        violation_type: value.get("violation_info").get("violation_type").text(),
        restrictions: value.get("restriction_info").list().iter().map(restriction).collect(),
    };
    let subject = update.waba_id.clone().or_else(|| update.phone_number.clone());
    Some((subject, AccountDetail::Update(update)))
}

fn restriction(json: &JsonTree<'_>) -> Restriction {
    Restriction {
        kind: json.get("restriction_type").text(),
        expires_at: json.get("expiration").time(),
        remediation: json.get("remediation").text(),
    }
}

/// Returns the string, or the first of a list: Meta documents a string, some samples show a list.
fn one_or_first(json: &JsonTree<'_>) -> Option<String> {
    json.text().or_else(|| json.list().first()?.text())
}

pub(crate) fn review(value: &JsonTree<'_>) -> Detail {
    Some((
        None,
        AccountDetail::Review(Review {
            decision: value.get("decision").text()?,
        }),
    ))
}

pub(crate) fn capability(value: &JsonTree<'_>) -> Detail {
    let max_phone_numbers = value.get("max_phone_numbers_per_business").int();
    let capability = Capability {
        max_daily_conversations_per_phone: value.get("max_daily_conversation_per_phone").int(),
        max_daily_conversations_per_business: value.get("max_daily_conversations_per_business").text(),
        max_phone_numbers: max_phone_numbers.or_else(|| value.get("max_phone_numbers_per_waba").int()),
    };
    (capability != Capability::default()).then_some((None, AccountDetail::Capability(capability)))
}

pub(crate) fn alert(value: &JsonTree<'_>) -> Detail {
    // Older samples have these members in the value itself.
    let info = if value.get("alert_info").is_object() {
        value.get("alert_info")
    } else {
        value
    };
    let alert = Alert {
        entity_type: value.get("entity_type").text(),
        entity_id: value.get("entity_id").id(),
        severity: info.get("alert_severity").text(),
        status: info.get("alert_status").text(),
        kind: info.get("alert_type").text()?,
        description: info.get("alert_description").text(),
    };
    Some((alert.entity_id.clone(), AccountDetail::Alert(alert)))
}
