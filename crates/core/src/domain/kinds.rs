//! Enumerations stored in columns of messages, sends and attempts.

use super::text_enum::text_enum;

text_enum! {
/// Direction of a message.
pub enum Direction {
    Inbound = "inbound",
    Outbound = "outbound",
}
}

text_enum! {
/// Origin of a message.
pub enum Origin {
    /// Written by a customer.
    Customer = "customer",
    /// Sent or uploaded through the API.
    Api = "api",
    /// Sent by the business with another tool, such as the app on a phone.
    Echo = "echo",
    /// From the history that Meta provides when a number is connected.
    History = "history",
}
}

text_enum! {
/// Kind of address of a message.
pub enum RecipientKind {
    /// A phone number, in digits.
    Phone = "phone",
    /// A business-scoped user id.
    UserId = "user_id",
    Group = "group",
}
}

text_enum! {
/// The reason why a send is held.
pub enum HoldReason {
    /// The channel's circuit breaker is open.
    Breaker = "breaker",
    /// The channel's campaigns are paused.
    Campaigns = "campaigns",
    /// Unknown whether Meta accepted it; a person decides.
    Unknown = "unknown",
    /// The portfolio's daily limit is reached.
    DailyLimit = "daily_limit",
    /// Released from the daily limit, and not yet counted.
    Released = "called",
    /// No connection to the provider was made; it is tried again.
    ProviderUnreachable = "provider_unreachable",
    /// Its campaign is paused, or about to be canceled.
    CampaignPaused = "campaign_paused",
}
}

text_enum! {
/// Outcome of an attempt to send a message.
pub enum AttemptOutcome {
    /// Committed before the call; no result yet.
    Open = "open",
    Accepted = "accepted",
    /// Meta rejected it.
    Rejected = "rejected",
    /// It did not reach Meta.
    NotSent = "not_sent",
    /// Unknown whether Meta accepted it.
    Unknown = "unknown",
}
}

text_enum! {
/// What proves an attempt's outcome.
pub enum Evidence {
    /// Meta's response.
    Answer = "answer",
    /// A status with the attempt's id.
    Status = "status",
    /// A person's decision.
    Person = "person",
}
}

text_enum! {
/// State of a message template, or of one of its versions.
pub enum MessageTemplateState {
    /// No version is sent; a version is newer than the one that is sent.
    Draft = "draft",
    /// It is sent.
    Active = "active",
    /// It is no longer sent.
    Archived = "archived",
}
}
