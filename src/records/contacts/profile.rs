//! What people, the API and imports say of contacts, beside what Meta reports.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use crate::{
    db::{On, Result, Rows},
    domain::{ContactId, Id, TenantId},
};

/// The custom fields of a contact: texts by key, whatever the type of the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct FieldValues(pub BTreeMap<String, String>);

/// As the database keeps them: NULL without any.
type StoredFields = Option<Json<BTreeMap<String, String>>>;

impl From<StoredFields> for FieldValues {
    fn from(stored: StoredFields) -> Self {
        Self(stored.map(|Json(fields)| fields).unwrap_or_default())
    }
}

impl FieldValues {
    pub fn stored(&self) -> StoredFields {
        (!self.0.is_empty()).then(|| Json(self.0.clone()))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What people, the API and imports say of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Profile {
    /// The name that people gave; the profile name of WhatsApp is kept beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The tenant's own id of the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A name of the IANA time zone database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(skip_serializing_if = "FieldValues::is_empty")]
    #[sqlx(try_from = "StoredFields")]
    pub fields: FieldValues,
}

impl Profile {
    /// Takes from `other` what this one lacks. Returns what it did not take because it has another value.
    pub(crate) fn fill_from(&mut self, other: Profile) -> Profile {
        let mut left = Profile::default();
        fn fill(mine: &mut Option<String>, theirs: Option<String>) -> Option<String> {
            match mine {
                None => {
                    *mine = theirs;
                    None
                }
                Some(mine) => theirs.filter(|it| it != mine),
            }
        }
        left.given_name = fill(&mut self.given_name, other.given_name);
        left.external_id = fill(&mut self.external_id, other.external_id);
        left.language = fill(&mut self.language, other.language);
        left.country = fill(&mut self.country, other.country);
        left.time_zone = fill(&mut self.time_zone, other.time_zone);
        for (key, value) in other.fields.0 {
            match self.fields.0.get(&key) {
                None => drop(self.fields.0.insert(key, value)),
                Some(mine) if *mine == value => {}
                Some(_) => drop(left.fields.0.insert(key, value)),
            }
        }
        left
    }
}

/// A contact and its new profile.
#[derive(Clone, Debug)]
pub struct ProfileChange {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub profile: Profile,
}

/// Writes profiles, and counts a version of each contact. The caller has locked the contacts.
pub async fn set_profiles(on: On<'_>, changes: &[ProfileChange], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, given_name, external_id, language, country, time_zone, fields, now) AS ({rows})
        UPDATE contacts
        SET given_name = r.given_name, external_id = r.external_id, language = r.language, country = r.country,
            time_zone = r.time_zone, fields = r.fields, version = contacts.version + 1, updated_at = r.now
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id";
    let row = |it: &ProfileChange| {
        let of = &it.profile;
        (
            it.tenant.uuid(),
            it.contact.uuid(),
            of.given_name.clone(),
            of.external_id.clone(),
            of.language.clone(),
            of.country.clone(),
            of.time_zone.clone(),
            of.fields.stored(),
            now,
        )
    };
    Rows::new(SQL, changes.iter().map(row).collect()).run(on).await
}

/// Counts a version of contacts of which something changed that is kept elsewhere. The caller has locked them.
pub(crate) async fn count_version(
    on: On<'_>,
    tenant: TenantId,
    contacts: impl Iterator<Item = ContactId>,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, now) AS ({rows})
        UPDATE contacts SET version = contacts.version + 1, updated_at = r.now
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id";
    Rows::new(SQL, contacts.map(|id| (tenant.uuid(), id.uuid(), now)).collect())
        .run(on)
        .await
}

/// Sets where new contacts come from.
pub async fn set_origin(
    on: On<'_>,
    tenant: TenantId,
    contacts: &[ContactId],
    source: &str,
    created_by: &str,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, source, created_by) AS ({rows})
        UPDATE contacts SET source = r.source, created_by = r.created_by
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id";
    let row = |id: &ContactId| (tenant.uuid(), id.uuid(), source.to_owned(), created_by.to_owned());
    Rows::new(SQL, contacts.iter().map(row).collect()).run(on).await
}

/// Archives contacts, or brings them back. Returns those that changed.
pub async fn set_archived(
    on: On<'_>,
    contacts: &[(TenantId, ContactId)],
    archived_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Vec<(ContactId,)>> {
    const SQL: &str = "
        WITH r (tenant_id, id, archived_at, now) AS ({rows})
        UPDATE contacts SET archived_at = r.archived_at, version = contacts.version + 1, updated_at = r.now
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id
            AND (contacts.archived_at IS NULL) <> (r.archived_at IS NULL)
        RETURNING contacts.id";
    let row = |(tenant, id): &(TenantId, ContactId)| (tenant.uuid(), id.uuid(), archived_at, now);
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}

/// Finds contacts by the tenant's own ids.
pub async fn by_external_ids(on: On<'_>, tenant: TenantId, ids: &[String]) -> Result<Vec<(String, ContactId)>> {
    const SQL: &str = "
        WITH r (tenant_id, external_id) AS ({rows})
        SELECT c.external_id, c.id FROM r CROSS JOIN contacts c
        WHERE c.tenant_id = r.tenant_id AND c.external_id = r.external_id AND c.external_id IS NOT NULL";
    let row = |id: &String| (tenant.uuid(), id.clone());
    Rows::new(SQL, ids.iter().map(row).collect()).all(on).await
}

/// Returns those of the contacts that are archived.
pub(crate) async fn archived(on: On<'_>, contacts: &[(TenantId, ContactId)]) -> Result<Vec<(TenantId, ContactId)>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT c.tenant_id, c.id FROM r CROSS JOIN contacts c
        WHERE c.tenant_id = r.tenant_id AND c.id = r.id AND c.archived_at IS NOT NULL";
    let row = |(tenant, id): &(TenantId, ContactId)| (tenant.uuid(), id.uuid());
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}
