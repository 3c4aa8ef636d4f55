//! Events of WhatsApp Business Accounts, and other updates from Meta that are not about a message.

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::{ChannelId, ContactId, ConversationId};

/// A webhook change, forwarded as received.
#[derive(Serialize, ToSchema)]
pub struct ForwardedWebhook<'a> {
    /// The channel it is about; null if it is about the account as a whole.
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    /// Meta's id of the WhatsApp Business Account.
    #[schema(required)]
    pub waba_id: Option<&'a str>,
    #[schema(required)]
    pub phone_number_id: Option<&'a str>,
    /// Field of the webhook.
    pub field: &'a str,
    /// Id of its subject (a call, a group, a flow …), where Meta names one.
    #[schema(required)]
    pub subject: Option<&'a str>,
    /// The value as Meta sent it.
    #[schema(required, value_type = Option<Object>)]
    pub value: Option<&'a RawValue>,
}

/// An event of a call: ringing, answered, ended.
#[derive(Serialize, ToSchema)]
pub struct CallEvent<'a> {
    /// The channel that was called or that called; null where Meta does not name it.
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    /// The customer who called or was called; null where Meta names nobody.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// Opened by a call of the customer, with its service window for 24 hours. Null for a call by the business without a conversation.
    #[schema(required)]
    pub conversation_id: Option<ConversationId>,
    /// Meta's id of the WhatsApp Business Account.
    #[schema(required)]
    pub waba_id: Option<&'a str>,
    #[schema(required)]
    pub phone_number_id: Option<&'a str>,
    /// Field of the webhook.
    pub field: &'a str,
    /// Meta's id of the call.
    #[schema(required)]
    pub subject: Option<&'a str>,
    /// The value as Meta sent it.
    #[schema(required, value_type = Option<Object>)]
    pub value: Option<&'a RawValue>,
}

types! {
    UPDATED = "account.updated", ForwardedWebhook<'static>,
        "The account changed: a restriction, a violation, a partner, a ban or its deletion.",
        forwarded("account_update", json!({ "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{ "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_790_600_000 }] }));
    REVIEWED = "account.reviewed", ForwardedWebhook<'static>,
        "Meta reviewed the account.", forwarded("account_review_update", json!({ "decision": "APPROVED" }));
    CAPABILITY_CHANGED = "account.capability_changed", ForwardedWebhook<'static>,
        "The limit of customers per day or of numbers of the account changed.",
        forwarded("business_capability_update", json!({ "max_daily_conversations_per_business": "TIER_10K" }));
    ALERT = "account.alert", ForwardedWebhook<'static>,
        "Meta raised an alert about the account, a number or the portfolio.",
        forwarded("account_alerts", json!({ "entity_type": "WABA", "entity_id": sample::WABA,
            "alert_info": { "alert_type": "OBA_APPROVED", "alert_severity": "INFORMATIONAL", "alert_status": "NONE" } }));
    SECURITY = "security.event", ForwardedWebhook<'static>,
        "The two-step verification PIN of a number was changed, or a change was requested.",
        forwarded("security", json!({ "display_phone_number": sample::BUSINESS, "event": "PIN_CHANGED" }));
    CALL = "call.event", CallEvent<'static>,
        "An event of a call. A customer's call opens the service window for 24 hours, answered or not; a call by the business does not.",
        call(json!({ "id": "wacid.MSCALL==", "event": "connect", "direction": "USER_INITIATED" }));
    GROUP = "group.event", ForwardedWebhook<'static>,
        "An event of a group: its lifecycle, members or settings.",
        forwarded("group_lifecycle_update", json!({ "group_id": "Z3J1cHBlLTE=", "type": "group_create" }));
    META_FLOW = "meta_flow.event", ForwardedWebhook<'static>,
        "An event of a flow: its status, its errors, the latency of its endpoint.",
        forwarded("flows", json!({ "event": "FLOW_STATUS_CHANGE", "flow_id": "660077", "new_status": "PUBLISHED" }));
}

fn call(value: Value) -> Value {
    json!({ "channel_id": sample::CHANNEL, "contact_id": sample::CONTACT, "conversation_id": sample::CONVERSATION, "waba_id": sample::WABA,
        "phone_number_id": sample::NUMBER, "field": "calls", "subject": "wacid.MSCALL==", "value": value })
}

pub(super) fn forwarded(field: &str, value: Value) -> Value {
    json!({ "channel_id": null, "waba_id": sample::WABA, "phone_number_id": null, "field": field, "subject": null, "value": value })
}
