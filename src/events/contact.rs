//! People and groups: who they are, and what they want.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use crate::domain::{ChannelId, ContactId};

/// Somebody new.
#[derive(Serialize, ToSchema)]
pub struct Created<'a> {
    pub contact_id: ContactId,
    /// `person` or `group`.
    pub kind: &'a str,
    /// As the contact wrote it in WhatsApp.
    #[schema(required)]
    pub name: Option<&'a str>,
    #[schema(required)]
    pub username: Option<&'a str>,
    pub identities: Vec<ContactIdentity<'a>>,
}

/// Something a contact is known by.
#[derive(Serialize, ToSchema)]
pub struct ContactIdentity<'a> {
    /// `phone`, `user_id`, `parent_user_id`, `username` or `group`.
    pub kind: &'a str,
    pub value: &'a str,
}

/// What is new is there, what is as it was is null.
#[derive(Serialize, ToSchema)]
pub struct Updated<'a> {
    pub contact_id: ContactId,
    #[schema(required)]
    pub name: Option<&'a str>,
    #[schema(required)]
    pub username: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
pub struct IdentityChanged<'a> {
    pub contact_id: ContactId,
    /// By what the contact is known from now on, beside what was known.
    pub added: Vec<ContactIdentity<'a>>,
    /// What is theirs no longer.
    pub retired: Vec<ContactIdentity<'a>>,
}

#[derive(Serialize, ToSchema)]
pub struct Merged {
    /// Who remains.
    pub contact_id: ContactId,
    /// Who is no more: everything of theirs is the other's.
    pub merged_contact_id: ContactId,
}

/// What somebody wants to be sent, and what not.
#[derive(Serialize, ToSchema)]
pub struct Preference<'a> {
    pub contact_id: ContactId,
    /// Where it was told.
    pub channel_id: ChannelId,
    /// Of messages, as Meta names it: `marketing_messages`.
    #[schema(required)]
    pub category: Option<&'a str>,
    /// In Meta's words.
    #[schema(required)]
    pub detail: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
pub struct ContactBlock {
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
}

/// The category of messages that can be refused.
pub const MARKETING: &str = "marketing_messages";

types! {
    CREATED = "contact.created", Created<'static>,
        "Somebody is heard of for the first time, by a message of theirs or by one to them.",
        json!({ "contact_id": sample::CONTACT, "kind": "person", "name": "Inés", "username": null,
            "identities": [{ "kind": "phone", "value": sample::CUSTOMER }, { "kind": "user_id", "value": "DE.48210077315596" }] });
    UPDATED = "contact.updated", Updated<'static>,
        "A contact has another name or another user name.",
        json!({ "contact_id": sample::CONTACT, "name": "Inés M.", "username": null });
    IDENTITY_CHANGED = "contact.identity_changed", IdentityChanged<'static>,
        "A contact has another phone number or user id, or more of them are known.",
        json!({ "contact_id": sample::CONTACT, "added": [{ "kind": "phone", "value": "15550100778" }],
            "retired": [{ "kind": "phone", "value": sample::CUSTOMER }] });
    MERGED = "contact.merged", Merged,
        "Two contacts turn out to be one; what belonged to the one belongs to the other, conversations too.",
        json!({ "contact_id": sample::CONTACT, "merged_contact_id": "con_0199a1c9d3e47f60a1b2c3d4e5f60799" });
    OPTED_OUT = "contact.opted_out", Preference<'static>,
        "A contact wants no more messages of a category. Marketing templates to them are refused from then on.",
        preference("User requested to stop marketing messages");
    OPTED_IN = "contact.opted_in", Preference<'static>,
        "A contact takes messages of a category again.", preference("User requested to resume marketing messages");
    PREFERENCE_CHANGED = "contact.preference_changed", Preference<'static>,
        "A contact has chosen something that is neither to stop nor to resume.",
        preference("User requested fewer messages");
    BLOCKED = "contact.blocked", ContactBlock,
        "The business has blocked a contact on a number.",
        json!({ "contact_id": sample::CONTACT, "channel_id": sample::CHANNEL });
    UNBLOCKED = "contact.unblocked", ContactBlock,
        "The business has blocked a contact on a number no longer.",
        json!({ "contact_id": sample::CONTACT, "channel_id": sample::CHANNEL });
}

fn preference(detail: &str) -> serde_json::Value {
    json!({ "contact_id": sample::CONTACT, "channel_id": sample::CHANNEL, "category": MARKETING, "detail": detail })
}
