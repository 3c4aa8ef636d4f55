//! Identifiers: a UUIDv7 internally, `prefix_` and 32 hexadecimal digits externally (`msg_0198…`). The prefix names the kind.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// Common interface of all identifiers; the queue carries ids of any kind through it.
pub trait Id: Copy + Send + Sync + 'static {
    const PREFIX: &'static str;
    fn from_uuid(uuid: Uuid) -> Self;
    fn uuid(self) -> Uuid;
}

/// The text is not an id of the expected kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected an id of the form {expected}_ followed by 32 hexadecimal digits")]
pub struct ParseIdError {
    expected: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            #[inline]
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            #[inline]
            fn uuid(self) -> Uuid { self.0 }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "_{}"), self.0.simple()) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> { parse($prefix, text).map(Self) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.collect_str(self) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9a-f]{32}$")))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// A customer of this installation, who owns all other resources.
    TenantId = "ten";
    /// A WhatsApp business phone number.
    ChannelId = "chn";
    ApiKeyId = "key";
    /// A digest of a Meta app's secret: equal for equal secrets.
    AppSecretId = "aps";
    /// A person or group that a tenant exchanges messages with.
    ContactId = "con";
    /// All messages between one channel and one contact.
    ConversationId = "cnv";
    MessageId = "msg";
    /// The messages of one batch request.
    BatchId = "bat";
    /// One call to Meta for a send.
    AttemptId = "att";
    /// A media file, received or to be sent.
    MediaId = "med";
    /// The bytes of media, stored once per tenant.
    MediaFileId = "fil";
    /// A template of Meta's, in one language.
    TemplateId = "tpl";
    /// The recurring job that syncs the templates of an account.
    TemplateSyncId = "tsy";
    /// A tag or list of contacts, or a label of tickets.
    TagId = "tag";
    /// A named filter of contacts.
    SegmentId = "seg";
    /// A row of the consent ledger.
    ConsentId = "cns";
    /// Words by which contacts opt out, opt in or ask for help.
    KeywordRuleId = "kwr";
    /// A merge of two contacts.
    MergeId = "mrg";
    /// An import of contacts.
    ImportId = "imp";
    /// An export.
    ExportId = "exp";
    /// One template to many people.
    CampaignId = "cmp";
    /// A verification of numbers.
    VerificationId = "vrf";
    /// Rare work of another kind that takes longer than a request.
    TaskId = "tsk";
    /// Work that recurs at planned times.
    ScheduleId = "sch";
    /// A message template of the tenant's own, with variables.
    MessageTemplateId = "mtp";
    /// A domain event.
    EventId = "evt";
    /// The cursor of a consumer over a tenant's events.
    EventConsumerId = "evc";
    /// A tenant's address that receives events.
    EndpointId = "ep";
    /// A delivery of an event to an endpoint.
    DeliveryId = "dlv";
    /// A webhook as Meta sent it.
    RawEventId = "raw";
}

/// Parses an id with the expected prefix.
fn parse(expected: &'static str, text: &str) -> Result<Uuid, ParseIdError> {
    text.strip_prefix(expected)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|rest| rest.len() == 32)
        .and_then(|rest| Uuid::try_parse(rest).ok())
        .ok_or(ParseIdError { expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_shows() {
        let id = MessageId(Uuid::from_u128(0x0198_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0001));
        assert_eq!(id.to_string(), "msg_0198aaaabbbb7ccc8dddeeeeffff0001");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        for text in [
            "con_0198aaaabbbb7ccc8dddeeeeffff0001",
            "msg_0198",
            "msg_zz98aaaabbbb7ccc8dddeeeeffff0001",
            "",
        ] {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }
}
