//! What columns of messages and sends say in a word.

use super::text_enum::text_enum;

text_enum! {
/// Which way a message goes.
pub enum Direction {
    Inbound = "inbound",
    Outbound = "outbound",
}
}

text_enum! {
/// Who made a message, and how it came here.
pub enum Origin {
    /// A customer wrote it.
    Customer = "customer",
    /// Sent, or uploaded, through the API.
    Api = "api",
    /// Sent by the business with another tool, such as the app on a phone.
    Echo = "echo",
    /// From the history that Meta hands over when a number is connected.
    History = "history",
}
}

text_enum! {
/// What a message is addressed to.
pub enum RecipientKind {
    /// A phone number, in digits.
    Phone = "phone",
    /// A business-scoped user id.
    UserId = "user_id",
    Group = "group",
}
}

text_enum! {
/// Why a send is kept back.
pub enum HoldReason {
    /// The channel's circuit breaker is open.
    Breaker = "breaker",
    /// The channel's campaigns are paused.
    Campaigns = "campaigns",
    /// Whether Meta took it is unknown, and a person decides.
    Unknown = "unknown",
    /// The portfolio's daily limit is reached.
    DailyLimit = "daily_limit",
    /// Released from the daily limit, and not yet counted.
    Released = "called",
}
}

text_enum! {
/// What came of a call to Meta with a message.
pub enum AttemptOutcome {
    /// Written down, and nothing is known yet.
    Open = "open",
    Accepted = "accepted",
    /// Meta refused it.
    Rejected = "rejected",
    /// It did not reach Meta.
    NotSent = "not_sent",
    /// Nobody knows whether Meta took it.
    Unknown = "unknown",
}
}

text_enum! {
/// What an attempt's outcome is known by.
pub enum Evidence {
    /// Meta's answer to the call.
    Answer = "answer",
    /// A status that came back with the attempt's id.
    Status = "status",
    /// A person decided.
    Person = "person",
}
}
