//! Finds and lists contacts and their identities.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Sql},
    domain::{ContactId, Id, TenantId},
};

/// A person or group that a tenant exchanges messages with.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Contact {
    pub id: ContactId,
    pub kind: String,
    pub name: Option<String>,
    pub marketing_stopped: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

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
    const SQL: &str = "
        SELECT id, kind, name, marketing_stopped, created_at, updated_at FROM contacts WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id)).opt().await
}

/// Returns those of the contacts who opted out of marketing.
pub(crate) async fn opted_out(on: On<'_>, contacts: &[(TenantId, ContactId)]) -> Result<HashSet<ContactId>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT c.id FROM r CROSS JOIN contacts c
        WHERE c.tenant_id = r.tenant_id AND c.id = r.id AND c.marketing_stopped";
    let row = |(tenant, id): &(TenantId, ContactId)| (tenant.uuid(), id.uuid());
    let found: Vec<(ContactId,)> = Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Lists contacts, newest first, starting before `before`.
pub async fn list(on: On<'_>, tenant: TenantId, before: Option<ContactId>, limit: i64) -> Result<Vec<Contact>> {
    const SQL: &str = "
        SELECT id, kind, name, marketing_stopped, created_at, updated_at
        FROM contacts
        WHERE tenant_id = $1 AND id < $2
        ORDER BY id DESC
        LIMIT $3";
    let before = before.unwrap_or(ContactId::from_uuid(Uuid::max()));
    on.sql(SQL, (tenant, before, limit)).all().await
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
