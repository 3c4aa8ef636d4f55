//! Identities of contacts: lookup, assignment, retirement; names and preferences.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{ContactId, Id, TenantId},
    records::lock_order::Stage,
};

/// The key of an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub tenant: TenantId,
    /// `phone`, `user_id`, `parent_user_id`, `username` or `group`.
    pub kind: &'static str,
    pub value: String,
}

impl Identity {
    fn row(&self) -> (Uuid, String, String) {
        (self.tenant.uuid(), self.kind.to_owned(), self.value.clone())
    }
}

/// An identity that is or was a contact's.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KnownIdentity {
    pub tenant_id: TenantId,
    pub kind: String,
    pub value: String,
    pub contact_id: ContactId,
    pub retired_at: Option<DateTime<Utc>>,
}

/// Takes the shared merge locks of these tenants, once each, in order.
pub(crate) async fn lock_tenants(tx: &mut Tx, tenants: impl IntoIterator<Item = TenantId>) -> Result<()> {
    let tenants: BTreeSet<TenantId> = tenants.into_iter().collect();
    for tenant in tenants {
        lock_tenant(tx, tenant, false).await?;
    }
    Ok(())
}

/// Takes the tenant's merge lock until the end of the transaction: shared, or `exclusive` for a merge. The shared lock keeps a merge
/// from removing a contact between its lookup and a write to it. No-op if the transaction holds the lock; a shared lock is never
/// upgraded.
pub async fn lock_tenant(tx: &mut Tx, tenant: TenantId, exclusive: bool) -> Result<()> {
    const POSTGRES_SHARED: &str = "SELECT pg_advisory_xact_lock_shared($1)";
    const POSTGRES_EXCLUSIVE: &str = "SELECT pg_advisory_xact_lock($1)";
    let (high, low) = tenant.uuid().as_u64_pair();
    let key = (high ^ low).cast_signed();
    if !tx.note_advisory(key) {
        return Ok(());
    }
    Stage::Tenants.reach(tx);
    if !tx.is_postgres() {
        return Ok(());
    }
    tx.sql(if exclusive { POSTGRES_EXCLUSIVE } else { POSTGRES_SHARED }, (key,))
        .run()
        .await
        .map(drop)
}

/// Looks up identities.
pub async fn identities(on: On<'_>, wanted: &[Identity]) -> Result<Vec<KnownIdentity>> {
    const SQL: &str = "
        WITH r (tenant_id, kind, value) AS ({rows})
        SELECT i.tenant_id, i.kind, i.value, i.contact_id, i.retired_at
        FROM r CROSS JOIN contact_identities i
        WHERE i.tenant_id = r.tenant_id AND i.kind = r.kind AND i.value = r.value";
    Rows::new(SQL, wanted.iter().map(Identity::row).collect()).all(on).await
}

/// A contact to insert.
#[derive(Clone, Debug)]
pub struct NewContact {
    pub tenant: TenantId,
    pub id: ContactId,
    pub kind: &'static str,
}

/// Inserts contacts.
pub async fn insert(on: On<'_>, contacts: &[NewContact], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, kind, at) AS ({rows})
        INSERT INTO contacts (tenant_id, id, kind, created_at, updated_at)
        SELECT tenant_id, id, kind, at, at FROM r";
    let row = |contact: &NewContact| (contact.tenant.uuid(), contact.id.uuid(), contact.kind.to_owned(), now);
    Rows::new(SQL, contacts.iter().map(row).collect()).run(on).await
}

/// Assigns identities that no contact has. Fewer rows than requested means that a concurrent transaction was first.
pub(crate) async fn assign(on: On<'_>, owned: &[(Identity, ContactId)], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, kind, value, contact_id, at) AS ({rows})
        INSERT INTO contact_identities (tenant_id, kind, value, contact_id, created_at)
        SELECT tenant_id, kind, value, contact_id, at FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let row = |(identity, contact): &(Identity, ContactId)| {
        let (tenant, kind, value) = identity.row();
        (tenant, kind, value, contact.uuid(), now)
    };
    Rows::new(SQL, owned.iter().map(row).collect()).run(on).await
}

/// Reassigns identities of other contacts: a phone number or user name that changed hands.
pub(crate) async fn reassign(on: On<'_>, taken: &[(Identity, ContactId)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, kind, value, contact_id) AS ({rows})
        UPDATE contact_identities SET contact_id = r.contact_id, retired_at = NULL
        FROM r
        WHERE contact_identities.tenant_id = r.tenant_id AND contact_identities.kind = r.kind
            AND contact_identities.value = r.value";
    let row = |(identity, contact): &(Identity, ContactId)| {
        let (tenant, kind, value) = identity.row();
        (tenant, kind, value, contact.uuid())
    };
    Rows::new(SQL, taken.iter().map(row).collect()).run(on).await
}

/// Retires identities as of Meta's time; the latest time wins.
pub(crate) async fn retire(on: On<'_>, retired: &[(Identity, DateTime<Utc>)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, kind, value, at) AS ({rows})
        UPDATE contact_identities SET retired_at = r.at
        FROM r
        WHERE contact_identities.tenant_id = r.tenant_id AND contact_identities.kind = r.kind
            AND contact_identities.value = r.value
            AND (contact_identities.retired_at IS NULL OR contact_identities.retired_at < r.at)";
    let row = |(identity, at): &(Identity, DateTime<Utc>)| {
        let (tenant, kind, value) = identity.row();
        (tenant, kind, value, *at)
    };
    Rows::new(SQL, retired.iter().map(row).collect()).run(on).await
}

/// A contact's name as of Meta's time.
#[derive(Clone, Debug)]
pub(crate) struct NameReport {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub name: String,
    pub at: DateTime<Utc>,
}

/// Stores the newest names. Within one second the greater name wins, so that the order of arrival does not matter. Returns the contacts
/// whose name changed.
pub(crate) async fn set_names(mut on: On<'_>, names: &[NameReport], now: DateTime<Utc>) -> Result<Vec<(ContactId,)>> {
    const OTHER: &str = "
        WITH r (tenant_id, id, name, name_at, now) AS ({rows})
        UPDATE contacts SET name = r.name, name_at = r.name_at, updated_at = r.now
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id AND (contacts.name IS NULL OR contacts.name <> r.name)
            AND (contacts.name_at IS NULL OR contacts.name_at < r.name_at
                OR (contacts.name_at = r.name_at AND contacts.name < r.name))
        RETURNING contacts.id";
    const SAME: &str = "
        WITH r (tenant_id, id, name, name_at) AS ({rows})
        UPDATE contacts SET name_at = r.name_at
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id AND contacts.name = r.name
            AND contacts.name_at < r.name_at";
    let row = |it: &NameReport| (it.tenant.uuid(), it.contact.uuid(), it.name.clone(), it.at, now);
    let other: Vec<(ContactId,)> = Rows::new(OTHER, names.iter().map(row).collect())
        .all(on.reborrow())
        .await?;
    let rest = names.iter().filter(|it| !other.contains(&(it.contact,)));
    let row = |it: &NameReport| (it.tenant.uuid(), it.contact.uuid(), it.name.clone(), it.at);
    Rows::new(SAME, rest.map(row).collect()).run(on).await?;
    Ok(other)
}

/// A contact's marketing preference as of Meta's time.
#[derive(Clone, Debug)]
pub(crate) struct PreferenceReport {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub marketing_stopped: bool,
    pub at: DateTime<Utc>,
}

/// Stores preferences unless something later is known. Returns the contacts that changed.
pub(crate) async fn set_preferences(
    on: On<'_>,
    preferring: &[PreferenceReport],
    now: DateTime<Utc>,
) -> Result<Vec<(ContactId,)>> {
    const SQL: &str = "
        WITH r (tenant_id, id, stopped, at, now) AS ({rows})
        UPDATE contacts SET marketing_stopped = r.stopped, marketing_at = r.at, updated_at = r.now
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id
            AND (contacts.marketing_at IS NULL OR contacts.marketing_at < r.at)
        RETURNING contacts.id";
    let row = |it: &PreferenceReport| (it.tenant.uuid(), it.contact.uuid(), it.marketing_stopped, it.at, now);
    Rows::new(SQL, preferring.iter().map(row).collect()).all(on).await
}
