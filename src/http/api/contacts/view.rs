//! Contacts as they are shown.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    contacts::store::{
        fields::{self, ContactField},
        tags::{self, Tag},
    },
    db::Tx,
    domain::{ContactId, FieldType, TagKind, TenantId},
    records::contacts,
};

/// A person or a group. Since 2026 a person may have no phone number: `identities` holds every identity, and the other fields the newest of
/// each kind still in use.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    pub id: ContactId,
    /// `person` or `group`.
    pub kind: String,
    /// The name to show: `given_name`, else `profile_name`.
    #[schema(required)]
    pub name: Option<String>,
    /// The name that people, the API or an import gave.
    #[schema(required)]
    pub given_name: Option<String>,
    /// The profile name in WhatsApp.
    #[schema(required)]
    pub profile_name: Option<String>,
    /// Your own id of the contact; unique.
    #[schema(required)]
    pub external_id: Option<String>,
    /// Digits, with the country code.
    #[schema(required)]
    pub phone: Option<String>,
    /// Meta's business-scoped user id.
    #[schema(required)]
    pub user_id: Option<String>,
    /// The user id across the businesses of one portfolio.
    #[schema(required)]
    pub parent_user_id: Option<String>,
    #[schema(required)]
    pub username: Option<String>,
    /// As in `en` or `pt_BR`.
    #[schema(required)]
    pub language: Option<String>,
    /// Two letters.
    #[schema(required)]
    pub country: Option<String>,
    /// As in `Europe/Berlin`.
    #[schema(required)]
    pub time_zone: Option<String>,
    /// Custom fields: a text, a number or a boolean for each that has a value.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    /// Names of tags.
    pub tags: Vec<String>,
    /// Names of lists.
    pub lists: Vec<String>,
    /// Whether the contact has stopped marketing messages of this business in WhatsApp. See `consents` for what else they allow.
    pub marketing_stopped: bool,
    pub identities: Vec<IdentityView>,
    /// Where the contact came from: `api` or `import`; null if they wrote, or were written to.
    #[schema(required)]
    pub source: Option<String>,
    /// When it was archived; null while it is in use.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// One more with each change by people, the API and imports: the `ETag` of the contact.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What belongs to contacts in other tables.
#[derive(Default)]
pub(super) struct Belongings {
    identities: HashMap<ContactId, Vec<contacts::IdentityRecord>>,
    tags: HashMap<ContactId, Vec<Tag>>,
    fields: Vec<ContactField>,
}

impl Belongings {
    /// Reads what belongs to these contacts.
    pub async fn read(tx: &mut Tx, tenant: TenantId, ids: &[ContactId]) -> sqlx::Result<Self> {
        let mut found = Self {
            identities: identities(tx, tenant, ids).await?,
            fields: fields::list(tx.on(), tenant).await?,
            tags: HashMap::new(),
        };
        for (contact, tag) in tags::of_contacts(tx.on(), tenant, ids).await? {
            found.tags.entry(contact).or_default().push(tag);
        }
        Ok(found)
    }

    fn names(&self, contact: ContactId, kind: TagKind) -> Vec<String> {
        let tags = self.tags.get(&contact).into_iter().flatten();
        tags.filter(|it| it.kind == kind).map(|it| it.name.clone()).collect()
    }

    /// Returns the values of custom fields as JSON of their types.
    fn values(&self, values: &contacts::FieldValues) -> Map<String, Value> {
        let typed = |(key, text): (&String, &String)| {
            let kind = self.fields.iter().find(|it| it.key == *key).map(|it| it.kind);
            let value = match kind {
                Some(FieldType::Number) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.clone())),
                Some(FieldType::Boolean) => Value::from(text == "true"),
                _ => Value::from(text.clone()),
            };
            (key.clone(), value)
        };
        values.0.iter().map(typed).collect()
    }
}

/// An address or name that a contact has or had.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    /// `phone`, `user_id`, `parent_user_id`, `username` or `group`.
    pub kind: String,
    pub value: String,
    /// When it ceased to be the contact's, e.g. when a number was changed; null while it is in use.
    #[schema(required)]
    pub retired_at: Option<DateTime<Utc>>,
    /// Messages to the contact that could not be delivered (131026 and the like). Counted over all identities in use, whichever the messages
    /// were sent to; for a retired identity, only messages sent to it. Null where there was none.
    #[schema(required)]
    pub undeliverable: Option<Undeliverable>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Undeliverable {
    /// The number of such messages, ever.
    pub count: i64,
    pub last_at: DateTime<Utc>,
    /// Meta's error code of the last.
    #[schema(required)]
    pub code: Option<i64>,
}

impl ContactView {
    pub(super) fn new(row: contacts::Contact, belongings: &mut Belongings) -> Self {
        let identities = belongings.identities.remove(&row.id).unwrap_or_default();
        let newest = |kind| in_use(&identities, kind);
        Self {
            id: row.id,
            kind: row.kind.clone(),
            name: row.shown_name().map(str::to_owned),
            tags: belongings.names(row.id, TagKind::Contact),
            lists: belongings.names(row.id, TagKind::List),
            fields: belongings.values(&row.profile.fields),
            given_name: row.profile.given_name,
            profile_name: row.name,
            external_id: row.profile.external_id,
            language: row.profile.language,
            country: row.profile.country,
            time_zone: row.profile.time_zone,
            source: row.source,
            archived_at: row.archived_at,
            version: row.version,
            phone: newest("phone"),
            user_id: newest("user_id"),
            parent_user_id: newest("parent_user_id"),
            username: newest("username"),
            marketing_stopped: row.marketing_stopped,
            identities: identity_views(identities),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Converts the identities of a contact. A failed delivery concerns the person, so all identities in use show the same count.
fn identity_views(known: Vec<contacts::IdentityRecord>) -> Vec<IdentityView> {
    let in_use = known.iter().filter(|it| it.retired_at.is_none());
    let all = in_use.filter_map(Undeliverable::of).reduce(Undeliverable::and);
    let identity = |it: contacts::IdentityRecord| IdentityView {
        undeliverable: match it.retired_at {
            None => all,
            Some(_) => Undeliverable::of(&it),
        },
        kind: it.kind,
        value: it.value,
        retired_at: it.retired_at,
    };
    known.into_iter().map(identity).collect()
}

impl Undeliverable {
    fn of(known: &contacts::IdentityRecord) -> Option<Self> {
        known.undeliverable_at.map(|last_at| Self {
            count: known.undeliverable_count,
            last_at,
            code: known.undeliverable_code,
        })
    }

    fn and(self, other: Self) -> Self {
        let last = if self.last_at >= other.last_at { self } else { other };
        Self {
            count: self.count + other.count,
            ..last
        }
    }
}

/// Returns the newest identity of a kind that is not retired; `identities` is sorted newest first.
pub(crate) fn in_use(identities: &[contacts::IdentityRecord], kind: &str) -> Option<String> {
    let mut used = identities
        .iter()
        .filter(|one| one.kind == kind && one.retired_at.is_none());
    used.next().map(|one| one.value.clone())
}

/// Loads the identities of several contacts.
pub async fn identities(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[ContactId],
) -> sqlx::Result<HashMap<ContactId, Vec<contacts::IdentityRecord>>> {
    let mut by_contact: HashMap<_, Vec<_>> = HashMap::new();
    for identity in contacts::list_identities(tx.on(), tenant, ids).await? {
        by_contact.entry(identity.contact_id).or_default().push(identity);
    }
    Ok(by_contact)
}
