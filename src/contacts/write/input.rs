//! What is to be written of a contact.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::{ChannelId, ConsentPurpose, ConsentSource, ConsentStatus, ContactId};

/// How the contact is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ContactKey {
    Id(ContactId),
    /// By whatever of its identities and its external id is known.
    Identities,
}

/// What may become of a contact that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// It must be new.
    Create,
    /// It is created unless it is there.
    Upsert,
    /// It must be there.
    Update,
}

/// A contact to write.
#[derive(Clone, Debug)]
pub(crate) struct ContactInput {
    pub key: ContactKey,
    /// Identities that it has, besides those known: (kind, value), phones as digits with the country code.
    pub identities: Vec<(&'static str, String)>,
    pub change: ProfileUpdate,
    pub tags: NameChange,
    pub lists: NameChange,
    /// Archives it, or brings it back.
    pub archived: Option<bool>,
    pub consents: Vec<ConsentInput>,
    /// The version that the caller has seen.
    pub version: Option<i64>,
}

impl ContactInput {
    pub fn of(key: ContactKey) -> Self {
        Self {
            key,
            identities: Vec::new(),
            change: ProfileUpdate::default(),
            tags: NameChange::default(),
            lists: NameChange::default(),
            archived: None,
            consents: Vec::new(),
            version: None,
        }
    }
}

/// A change of a member: `None` leaves it as it is, an inner `None` clears it.
pub(crate) type Given = Option<Option<String>>;

/// Changes of what is said of a contact.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileUpdate {
    pub given_name: Given,
    pub external_id: Given,
    pub language: Given,
    pub country: Given,
    pub time_zone: Given,
    /// Custom fields by key; null clears one.
    pub fields: Vec<(String, Value)>,
}

/// Tags or lists to add and to remove, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameChange {
    pub add: Vec<String>,
    pub remove: Vec<String>,
}

/// A statement of consent.
#[derive(Clone, Debug)]
pub(crate) struct ConsentInput {
    pub purpose: ConsentPurpose,
    pub channel: Option<ChannelId>,
    pub status: ConsentStatus,
    pub source: ConsentSource,
    pub lifts: bool,
    /// Now, unless given.
    pub occurred_at: Option<DateTime<Utc>>,
    pub evidence: Option<Value>,
}
