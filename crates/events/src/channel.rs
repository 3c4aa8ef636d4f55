//! Events of channels: connection, quality, circuit breaker, campaigns.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::ChannelId;

/// A number that was connected or disconnected.
#[derive(Serialize, ToSchema)]
pub struct Connection<'a> {
    pub channel_id: ChannelId,
    /// Meta's id of the number.
    pub phone_number_id: &'a str,
    /// Meta's id of the WhatsApp Business Account.
    pub waba_id: &'a str,
    /// The number as it is displayed.
    #[schema(required)]
    pub display_phone_number: Option<&'a str>,
    /// Meta's word, such as `PARTNER_REMOVED`; null for a number that was added or removed here.
    #[schema(required)]
    pub reason: Option<&'a str>,
}

/// A change of a number's quality rating or messaging limit.
#[derive(Serialize, ToSchema)]
pub struct ChannelQualityChanged<'a> {
    /// Null where it could be one of several numbers of the account.
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    pub waba_id: &'a str,
    #[schema(required)]
    pub display_phone_number: Option<&'a str>,
    /// Meta's word: `ONBOARDING`, `THROUGHPUT_UPGRADE`, `FLAGGED` …; null if a check found the change.
    #[schema(required)]
    pub event: Option<&'a str>,
    /// `GREEN`, `YELLOW` or `RED`; null where Meta does not report it.
    #[schema(required)]
    pub quality: Option<&'a str>,
    #[schema(required)]
    pub previous_quality: Option<&'a str>,
    /// Customers per day outside service windows: `TIER_2K` and so on; null where Meta does not report it.
    #[schema(required)]
    pub messaging_limit: Option<&'a str>,
    #[schema(required)]
    pub previous_messaging_limit: Option<&'a str>,
}

/// Meta's decision about a display name.
#[derive(Serialize, ToSchema)]
pub struct NameChanged<'a> {
    /// Null where it could be one of several numbers of the account.
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    pub waba_id: &'a str,
    #[schema(required)]
    pub display_phone_number: Option<&'a str>,
    /// `APPROVED`, `DEFERRED`, `PENDING` or `REJECTED`.
    pub decision: &'a str,
    #[schema(required)]
    pub requested_name: Option<&'a str>,
    #[schema(required)]
    pub rejection_reason: Option<&'a str>,
}

/// A channel or its campaigns stopped.
#[derive(Serialize, ToSchema)]
pub struct Stopped<'a> {
    pub channel_id: ChannelId,
    /// Meta's error code.
    pub code: i64,
    pub reason: &'a str,
}

/// A channel or its campaigns resumed.
#[derive(Serialize, ToSchema)]
pub struct Resumed {
    pub channel_id: ChannelId,
    /// Number of held messages that are due now.
    pub released: u64,
}

/// An error of the account or the app that is not about a message.
#[derive(Serialize, ToSchema)]
pub struct Error<'a> {
    pub channel_id: ChannelId,
    #[schema(required)]
    pub code: Option<i64>,
    #[schema(required)]
    pub title: Option<&'a str>,
    #[schema(required)]
    pub message: Option<&'a str>,
    #[schema(required)]
    pub details: Option<&'a str>,
}

types! {
    CONNECTED = "channel.connected", Connection<'static>,
        "A number was added, or its account was restored by Meta.",
        json!({ "channel_id": sample::CHANNEL, "phone_number_id": sample::NUMBER, "waba_id": sample::WABA,
            "display_phone_number": null, "reason": null });
    DISCONNECTED = "channel.disconnected", Connection<'static>,
        "A number was removed here, or, according to Meta, its account was disabled, deleted or is no longer shared with this installation.",
        json!({ "channel_id": sample::CHANNEL, "phone_number_id": sample::NUMBER, "waba_id": sample::WABA,
            "display_phone_number": sample::BUSINESS, "reason": "PARTNER_REMOVED" });
    QUALITY_CHANGED = "channel.quality_changed", ChannelQualityChanged<'static>,
        "The quality rating or the daily limit of a number changed.",
        json!({ "channel_id": sample::CHANNEL, "waba_id": sample::WABA, "display_phone_number": sample::BUSINESS, "event": null,
            "quality": "YELLOW", "previous_quality": "GREEN", "messaging_limit": "TIER_2K",
            "previous_messaging_limit": "TIER_2K" });
    NAME_CHANGED = "channel.name_changed", NameChanged<'static>,
        "Meta decided on the display name of a number.",
        json!({ "channel_id": sample::CHANNEL, "waba_id": sample::WABA, "display_phone_number": sample::BUSINESS,
            "decision": "APPROVED", "requested_name": "Blue Mug", "rejection_reason": null });
    BREAKER_TRIPPED = "channel.breaker_tripped", Stopped<'static>,
        "The circuit breaker of a number opened: its token or its account cannot send. Its messages are held.",
        json!({ "channel_id": sample::CHANNEL, "code": 190, "reason": "Access token has expired" });
    RECOVERED = "channel.recovered", Resumed,
        "The circuit breaker of a number closed: it can send again.",
        json!({ "channel_id": sample::CHANNEL, "released": 42 });
    CAMPAIGNS_PAUSED = "channel.campaigns_paused", Stopped<'static>,
        "The campaigns of a number were paused until a person resumes them, because too many customers blocked or reported it.",
        json!({ "channel_id": sample::CHANNEL, "code": 131_048, "reason": "Spam rate limit hit" });
    CAMPAIGNS_RESUMED = "channel.campaigns_resumed", Resumed,
        "The campaigns of a number were resumed.", json!({ "channel_id": sample::CHANNEL, "released": 1_200 });
    ERROR = "channel.error", Error<'static>,
        "Meta reported an error of a number, its account or the app that is not about a message.",
        json!({ "channel_id": sample::CHANNEL, "code": 131_000, "title": "Something went wrong",
            "message": "Something went wrong", "details": null });
}
