use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{ContactId, Id, TenantId},
    records::lock_order::Stage,
};

/// Something a contact is known by.
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

/// An identity somebody has, or had.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KnownIdentity {
    pub tenant_id: TenantId,
    pub kind: String,
    pub value: String,
    pub contact_id: ContactId,
    pub retired_at: Option<DateTime<Utc>>,
}

/// Holds off merges of these tenants' contacts until this transaction ends. Each is locked once, in their order.
pub async fn lock_tenants(tx: &mut Tx, tenants: impl IntoIterator<Item = TenantId>) -> Result<()> {
    let tenants: BTreeSet<TenantId> = tenants.into_iter().collect();
    for tenant in tenants {
        lock_tenant(tx, tenant, false).await?;
    }
    Ok(())
}

/// Holds off merges of the tenant's contacts until this transaction ends, or (`exclusive`) everybody else. Without it a merge could
/// remove a contact between the moment it was looked up and the moment something is written to it. A transaction that holds it
/// already goes on, and never makes a shared lock exclusive.
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

pub async fn identities(on: impl Into<On<'_>>, wanted: &[Identity]) -> Result<Vec<KnownIdentity>> {
    const SQL: &str = "
        WITH r (tenant_id, kind, value) AS ({rows})
        SELECT i.tenant_id, i.kind, i.value, i.contact_id, i.retired_at
        FROM r CROSS JOIN contact_identities i
        WHERE i.tenant_id = r.tenant_id AND i.kind = r.kind AND i.value = r.value";
    Rows::new(SQL, wanted.iter().map(Identity::row).collect()).all(on).await
}

/// Whether somebody has, or had, the number.
pub async fn is_known(on: impl Into<On<'_>>, tenant: TenantId, phone: &str) -> Result<bool> {
    let identity = Identity {
        tenant,
        kind: "phone",
        value: phone.to_owned(),
    };
    Ok(!identities(on, &[identity]).await?.is_empty())
}

/// A contact to be made.
#[derive(Clone, Debug)]
pub struct NewContact {
    pub tenant: TenantId,
    pub id: ContactId,
    pub kind: &'static str,
}

pub async fn add(on: impl Into<On<'_>>, contacts: &[NewContact], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, kind, at) AS ({rows})
        INSERT INTO contacts (tenant_id, id, kind, created_at, updated_at)
        SELECT tenant_id, id, kind, at, at FROM r";
    let row = |contact: &NewContact| (contact.tenant.uuid(), contact.id.uuid(), contact.kind.to_owned(), now);
    Rows::new(SQL, contacts.iter().map(row).collect()).run(on).await
}

/// Gives contacts identities nobody has. Fewer rows than asked for means that somebody else was quicker.
pub async fn own(on: impl Into<On<'_>>, owned: &[(Identity, ContactId)], now: DateTime<Utc>) -> Result<u64> {
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

/// Gives contacts identities that others had: a number that was given up, a user name that changed hands.
pub async fn take_over(on: impl Into<On<'_>>, taken: &[(Identity, ContactId)]) -> Result<u64> {
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

/// Marks identities as given up at Meta's time; the latest time holds.
pub async fn retire(on: impl Into<On<'_>>, retired: &[(Identity, DateTime<Utc>)]) -> Result<u64> {
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

/// The name somebody had at a time of Meta's.
#[derive(Clone, Debug)]
pub struct NameReport {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub name: String,
    pub at: DateTime<Utc>,
}

/// Keeps the newest name; of two in the same second the greater one, so that the order of arrival does not matter. Returns those whose
/// name is another one now.
pub async fn name(on: impl Into<On<'_>>, names: &[NameReport], now: DateTime<Utc>) -> Result<Vec<(ContactId,)>> {
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
    let mut on = on.into();
    let row = |it: &NameReport| (it.tenant.uuid(), it.contact.uuid(), it.name.clone(), it.at, now);
    let other: Vec<(ContactId,)> = Rows::new(OTHER, names.iter().map(row).collect())
        .all(on.reborrow())
        .await?;
    let rest = names.iter().filter(|it| !other.contains(&(it.contact,)));
    let row = |it: &NameReport| (it.tenant.uuid(), it.contact.uuid(), it.name.clone(), it.at);
    Rows::new(SAME, rest.map(row).collect()).run(on).await?;
    Ok(other)
}

/// Whether somebody takes marketing messages, as of a time of Meta's.
#[derive(Clone, Debug)]
pub struct PreferenceReport {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub marketing_stopped: bool,
    pub at: DateTime<Utc>,
}

/// Keeps what they want, unless something later is known; returns those of whom nothing was.
pub async fn prefer(on: impl Into<On<'_>>, preferring: &[PreferenceReport], now: DateTime<Utc>) -> Result<Vec<(ContactId,)>> {
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
