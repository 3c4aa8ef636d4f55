//! Finds and lists contacts and their identities.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Profile;
use crate::{
    db::{On, Result, Rows, Sql},
    domain::{ContactId, Id, TenantId},
};

/// A person or group that a tenant exchanges messages with.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Contact {
    pub id: ContactId,
    pub kind: String,
    /// The profile name in WhatsApp.
    pub name: Option<String>,
    pub marketing_stopped: bool,
    #[sqlx(flatten)]
    pub profile: Profile,
    pub source: Option<String>,
    pub archived_at: Option<DateTime<Utc>>,
    /// One more with each change by people, the API and imports.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Contact {
    /// Returns the name that is shown: the one that people gave, else that of the profile.
    pub fn shown_name(&self) -> Option<&str> {
        self.profile.given_name.as_deref().or(self.name.as_deref())
    }
}

/// The columns of a [`Contact`], of a table named `c`.
macro_rules! contact_columns {
    () => {
        "c.id, c.kind, c.name, c.marketing_stopped, c.given_name, c.external_id, c.language, c.country, c.time_zone, c.fields,
            c.source, c.archived_at, c.version, c.created_at, c.updated_at"
    };
}
pub(crate) use contact_columns;

/// An identity of a contact, present or retired: a phone number, a business-scoped user id, a user name …
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct IdentityRecord {
    pub contact_id: ContactId,
    pub kind: String,
    pub value: String,
    pub retired_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// Time and code of the last failed delivery, and the number of failures.
    pub(crate) undeliverable_at: Option<DateTime<Utc>>,
    pub(crate) undeliverable_code: Option<i64>,
    pub(crate) undeliverable_count: i64,
}

/// Returns the contact's present identity of one kind.
pub fn current_identity<'k>(known: &'k [IdentityRecord], kind: &str) -> Option<&'k str> {
    let usable = |it: &&IdentityRecord| it.retired_at.is_none() && it.kind == kind;
    known.iter().find(usable).map(|it| it.value.as_str())
}

pub async fn find(on: On<'_>, tenant: TenantId, id: ContactId) -> Result<Option<Contact>> {
    const SQL: &str = concat!(
        "SELECT ",
        contact_columns!(),
        " FROM contacts c WHERE c.tenant_id = $1 AND c.id = $2"
    );
    on.sql(SQL, (tenant, id)).opt().await
}

/// Finds several contacts.
pub async fn find_all(on: On<'_>, tenant: TenantId, ids: &[ContactId]) -> Result<Vec<Contact>> {
    const SQL: &str = concat!(
        "WITH r (tenant_id, id) AS ({rows}) SELECT ",
        contact_columns!(),
        " FROM r CROSS JOIN contacts c WHERE c.tenant_id = r.tenant_id AND c.id = r.id"
    );
    let row = |id: &ContactId| (tenant.uuid(), id.uuid());
    Rows::new(SQL, ids.iter().map(row).collect()).all(on).await
}

/// Lists contacts, newest first, starting before `before`: those in use, or the archived ones.
pub async fn list(
    on: On<'_>,
    tenant: TenantId,
    archived: bool,
    before: Option<ContactId>,
    limit: i64,
) -> Result<Vec<Contact>> {
    const SQL: &str = concat!(
        "SELECT ",
        contact_columns!(),
        " FROM contacts c
        WHERE c.tenant_id = $1 AND c.id < $2 AND (c.archived_at IS NOT NULL) = $3
        ORDER BY c.id DESC
        LIMIT $4"
    );
    let before = before.unwrap_or(ContactId::from_uuid(Uuid::max()));
    on.sql(SQL, (tenant, before, archived, limit)).all().await
}

/// Lists the identities of these contacts: present ones first, then newest first.
pub async fn list_identities(on: On<'_>, tenant: TenantId, contacts: &[ContactId]) -> Result<Vec<IdentityRecord>> {
    let Some(last) = contacts.last() else {
        return Ok(Vec::new());
    };
    // The number of placeholders is a power of two (the last id repeats), so that a few prepared statements serve every page.
    let count = contacts.len().next_power_of_two();
    let ids = contacts.iter().chain(std::iter::repeat(last)).take(count);
    let places: Vec<String> = (2..count + 2).map(|n| format!("${n}")).collect();
    let text = format!(
        "SELECT contact_id, kind, value, retired_at, created_at, undeliverable_at, undeliverable_code, undeliverable_count
         FROM contact_identities
         WHERE tenant_id = $1 AND contact_id IN ({})
         ORDER BY contact_id, CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, created_at DESC, kind, value",
        places.join(", ")
    );
    let args: Vec<Uuid> = std::iter::once(tenant.uuid()).chain(ids.map(|id| id.uuid())).collect();
    on.sql(Sql::built(text), args).all().await
}
