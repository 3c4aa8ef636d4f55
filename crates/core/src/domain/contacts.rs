//! Enumerations stored in columns of contacts, their fields, tags and consents.

use super::text_enum::text_enum;

text_enum! {
/// Type of a custom field.
pub enum FieldType {
    Text = "text",
    /// At most 15 significant digits.
    Number = "number",
    Boolean = "boolean",
    /// `2026-11-30`.
    Date = "date",
    /// An instant, as in `2026-11-30T12:00:00Z`.
    Datetime = "datetime",
    /// One of a list of texts.
    Choice = "choice",
}
}

text_enum! {
/// What a tag is put on.
pub enum TagKind {
    Contact = "contact",
    /// A list of contacts.
    List = "list",
    /// A label of tickets.
    Ticket = "ticket",
}
}

text_enum! {
/// What a contact allows or refuses.
pub enum ConsentPurpose {
    Marketing = "marketing",
    /// Everything but one-time codes and answers.
    All = "all",
}
}

text_enum! {
/// Whether it was allowed or refused.
pub enum ConsentStatus {
    Granted = "granted",
    Revoked = "revoked",
}
}

text_enum! {
/// Where a consent comes from.
pub enum ConsentSource {
    Api = "api",
    Import = "import",
    /// A person of the business.
    Agent = "agent",
    Form = "form",
    Ad = "ad",
    /// A word that the contact wrote, such as STOP.
    Keyword = "keyword",
    /// A button that the contact pressed.
    Button = "button",
    /// The contact's setting in WhatsApp.
    MetaPreference = "meta_preference",
}
}

impl ConsentSource {
    /// Returns whether the contact said it themself: only they, or an override, take it back.
    pub const fn is_own_word(self) -> bool {
        matches!(self, Self::Keyword | Self::Button | Self::MetaPreference)
    }
}

text_enum! {
/// What a word of a contact does.
pub enum KeywordAction {
    Stop = "stop",
    Start = "start",
    Help = "help",
}
}

text_enum! {
/// Kind of a task.
pub enum TaskKind {
    Import = "import",
    Export = "export",
    SegmentCount = "segment_count",
    /// Looks at what the launch of a campaign would do.
    Preflight = "preflight",
    Verification = "verification",
    /// Revives dead letters, and archives those that are beyond hope.
    RetryDead = "retry_dead",
    /// Removes what was kept only to be found faster, and is no longer good.
    CleanCache = "clean_cache",
    /// Removes what is past its retention, and creates what is needed ahead.
    Retention = "retention",
}
}

text_enum! {
/// What is known of a number.
pub enum NumberVerdict {
    /// No numbering plan has it.
    Invalid = "invalid",
    /// A numbering plan has it, and nothing more is known.
    Valid = "valid",
    /// Its owner wrote, or got a message.
    Reachable = "reachable",
    /// Messages to it could not be delivered again and again. That does not say that it has no WhatsApp.
    Unreachable = "unreachable",
}
}
