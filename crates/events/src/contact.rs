//! Events of contacts: identities, names, preferences, blocks.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::{ChannelId, ContactId};

/// A new contact.
#[derive(Serialize, ToSchema)]
pub struct Created<'a> {
    pub contact_id: ContactId,
    /// `person` or `group`.
    pub kind: &'a str,
    /// Profile name in WhatsApp.
    #[schema(required)]
    pub name: Option<&'a str>,
    #[schema(required)]
    pub username: Option<&'a str>,
    pub identities: Vec<ContactIdentity<'a>>,
}

/// An identity of a contact.
#[derive(Serialize, ToSchema)]
pub struct ContactIdentity<'a> {
    /// `phone`, `user_id`, `parent_user_id`, `username` or `group`.
    pub kind: &'a str,
    pub value: &'a str,
}

/// Changed members of a contact; null if unchanged.
#[derive(Serialize, ToSchema)]
pub struct Updated<'a> {
    pub contact_id: ContactId,
    #[schema(required)]
    pub name: Option<&'a str>,
    #[schema(required)]
    pub username: Option<&'a str>,
    /// What people, the API and imports changed: names of members of a contact, custom fields as `fields.key`.
    pub changed: Vec<&'a str>,
}

/// A contact that was archived or brought back.
#[derive(Serialize, ToSchema)]
pub struct Archived {
    pub contact_id: ContactId,
    /// False if it was brought back.
    pub archived: bool,
}

/// Tags and lists of a contact that changed, by name.
#[derive(Serialize, ToSchema)]
pub struct Tagged<'a> {
    pub contact_id: ContactId,
    pub tags_added: Vec<&'a str>,
    pub tags_removed: Vec<&'a str>,
    pub lists_added: Vec<&'a str>,
    pub lists_removed: Vec<&'a str>,
}

/// A change of a contact's identities.
#[derive(Serialize, ToSchema)]
pub struct IdentityChanged<'a> {
    pub contact_id: ContactId,
    /// New identities.
    pub added: Vec<ContactIdentity<'a>>,
    /// Identities that are no longer the contact's.
    pub retired: Vec<ContactIdentity<'a>>,
}

/// A merge of two contacts.
#[derive(Serialize, ToSchema)]
pub struct Merged {
    /// The remaining contact.
    pub contact_id: ContactId,
    /// The removed contact. Everything of it now belongs to `contact_id`.
    pub merged_contact_id: ContactId,
}

/// A contact's preference about messages of a category.
#[derive(Serialize, ToSchema)]
pub struct Preference<'a> {
    pub contact_id: ContactId,
    /// The channel that it is about; null is all channels.
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    /// Category of messages: `marketing_messages` in Meta's words, or `all_messages` but one-time codes and answers.
    #[schema(required)]
    pub category: Option<&'a str>,
    /// Meta's description.
    #[schema(required)]
    pub detail: Option<&'a str>,
}

/// A contact blocked or unblocked on a channel.
#[derive(Serialize, ToSchema)]
pub struct ContactBlock {
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
}

/// The category of messages that customers can opt out of.
pub const MARKETING: &str = "marketing_messages";

types! {
    CREATED = "contact.created", Created<'static>,
        "A contact was created by their first message or by a message to them.",
        json!({ "contact_id": sample::CONTACT, "kind": "person", "name": "Inés", "username": null,
            "identities": [{ "kind": "phone", "value": sample::CUSTOMER }, { "kind": "user_id", "value": "DE.48210077315596" }] });
    UPDATED = "contact.updated", Updated<'static>,
        "A contact's name, user name or anything that people keep of them changed.",
        json!({ "contact_id": sample::CONTACT, "name": "Inés M.", "username": null, "changed": [] });
    ARCHIVED = "contact.archived", Archived,
        "A contact was archived, or brought back.",
        json!({ "contact_id": sample::CONTACT, "archived": true });
    TAGGED = "contact.tagged", Tagged<'static>,
        "Tags or lists of a contact changed.",
        json!({ "contact_id": sample::CONTACT, "tags_added": ["vip"], "tags_removed": [], "lists_added": [], "lists_removed": [] });
    IDENTITY_CHANGED = "contact.identity_changed", IdentityChanged<'static>,
        "A contact's phone number or user id changed, or another one became known.",
        json!({ "contact_id": sample::CONTACT, "added": [{ "kind": "phone", "value": "15550100778" }],
            "retired": [{ "kind": "phone", "value": sample::CUSTOMER }] });
    MERGED = "contact.merged", Merged,
        "Two contacts turned out to be one and were merged, with their conversations.",
        json!({ "contact_id": sample::CONTACT, "merged_contact_id": "con_0199a1c9d3e47f60a1b2c3d4e5f60799" });
    OPTED_OUT = "contact.opted_out", Preference<'static>,
        "A contact opted out of a category of messages. Marketing templates to them are rejected from then on.",
        preference("User requested to stop marketing messages");
    OPTED_IN = "contact.opted_in", Preference<'static>,
        "A contact opted in to a category of messages again.", preference("User requested to resume marketing messages");
    PREFERENCE_CHANGED = "contact.preference_changed", Preference<'static>,
        "A contact changed a preference in another way than stop or resume.",
        preference("User requested fewer messages");
    BLOCKED = "contact.blocked", ContactBlock,
        "The business has blocked a contact on a number.",
        json!({ "contact_id": sample::CONTACT, "channel_id": sample::CHANNEL });
    UNBLOCKED = "contact.unblocked", ContactBlock,
        "The business has unblocked a contact on a number.",
        json!({ "contact_id": sample::CONTACT, "channel_id": sample::CHANNEL });
}

fn preference(detail: &str) -> serde_json::Value {
    json!({ "contact_id": sample::CONTACT, "channel_id": sample::CHANNEL, "category": MARKETING, "detail": detail })
}
