//! Merges two contacts that turn out to be one person: a message carries the phone number of one and the user id of the other.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Contact, Profile, ProfileChange, find,
    merged_tables::{MERGED_TABLES, MergeEffect},
    redirects, set_archived, set_profiles,
};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{Actor, ContactId, Id, MergeId, TenantId},
    records::{conversations, lock_order::Stage},
};

/// A merge of two contacts into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactMerge {
    pub tenant: TenantId,
    /// The contact that is deleted.
    pub from: ContactId,
    /// The contact that gets everything.
    pub into: ContactId,
}

/// Moves everything of one contact to the other and deletes the one. The caller holds the tenant's exclusive merge lock. Each of the
/// [`MERGED_TABLES`] is locked and changed in the lock order, while both contacts have their conversations; then the conversations are
/// joined.
///
/// What the contact that goes had and the other one does not take goes to the journal of the merge. Its id leads to the other one from then
/// on, as do those of its joined conversations.
pub async fn merge(tx: &mut Tx, clock: &Clock, merge: ContactMerge, by: Actor) -> Result<()> {
    const DELETE: &str = "DELETE FROM contacts WHERE tenant_id = $1 AND id = $2";
    let now = clock.now();
    let of_both = profiles(tx, merge).await?;
    for table in MERGED_TABLES {
        if let MergeEffect::Moves(moves) = table.effect {
            moves(tx, merge).await?;
        }
    }
    let left = join_profiles(tx, merge, of_both, now).await?;
    note(tx, clock, merge, left, by).await?;
    redirects::write(tx, merge, now).await?;
    conversations::join_merged(tx, merge).await?;
    tx.sql(DELETE, (merge.tenant, merge.from)).run().await.map(drop)
}

/// What people said of the contact that goes and of the one that stays.
type BothProfiles = (Option<Contact>, Option<Contact>);

async fn profiles(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<BothProfiles> {
    let from = find(tx.on(), tenant, from).await?;
    Ok((from, find(tx.on(), tenant, into).await?))
}

/// Gives the contact that stays what it lacks of the other's profile, and brings it back if one of the two is not archived. Returns what it
/// did not take.
async fn join_profiles(
    tx: &mut Tx,
    merge: ContactMerge,
    (from, into): BothProfiles,
    now: DateTime<Utc>,
) -> Result<Profile> {
    // The other's own id is unique.
    const RELEASE: &str = "UPDATE contacts SET external_id = NULL WHERE tenant_id = $1 AND id = $2";
    let (Some(from), Some(into)) = (from, into) else {
        return Ok(Profile::default());
    };
    let mut joined = into.profile.clone();
    let left = joined.fill_from(from.profile);
    if joined != into.profile {
        tx.sql(RELEASE, (merge.tenant, merge.from)).run().await?;
        let change = ProfileChange {
            tenant: merge.tenant,
            contact: merge.into,
            profile: joined,
        };
        set_profiles(tx.on(), &[change], now).await?;
    }
    if into.archived_at.is_some() && from.archived_at.is_none() {
        set_archived(tx.on(), &[(merge.tenant, merge.into)], None, now).await?;
    }
    Ok(left)
}

/// Writes the journal of a merge.
async fn note(tx: &mut Tx, clock: &Clock, merge: ContactMerge, left: Profile, by: Actor) -> Result<()> {
    const SQL: &str = "
        INSERT INTO contact_merges (tenant_id, id, into_id, from_id, journal, created_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let id: MergeId = clock.new_id();
    let journal = serde_json::to_string(&left).expect("texts always serialise");
    let args = (
        merge.tenant,
        id,
        merge.into,
        merge.from,
        journal,
        clock.now(),
        by.to_string(),
    );
    tx.sql(SQL, args).run().await.map(drop)
}

/// Locks both contacts, and keeps the later name and preference.
pub(super) async fn keep_latest(tx: &mut Tx, merge: ContactMerge) -> Result<()> {
    const KEEP_NAME: &str = "
        UPDATE contacts SET name = f.name, name_at = f.name_at
        FROM (SELECT name, name_at FROM contacts WHERE tenant_id = $1 AND id = $2) f
        WHERE contacts.tenant_id = $1 AND contacts.id = $3 AND f.name_at IS NOT NULL
            AND (contacts.name_at IS NULL OR contacts.name_at < f.name_at
                OR (contacts.name_at = f.name_at AND contacts.name < f.name))";
    const KEEP_PREFERENCE: &str = "
        UPDATE contacts SET marketing_stopped = f.marketing_stopped, marketing_at = f.marketing_at
        FROM (SELECT marketing_stopped, marketing_at FROM contacts WHERE tenant_id = $1 AND id = $2) f
        WHERE contacts.tenant_id = $1 AND contacts.id = $3 AND f.marketing_at IS NOT NULL
            AND (contacts.marketing_at IS NULL OR contacts.marketing_at < f.marketing_at)";
    let ContactMerge { tenant, from, into } = merge;
    lock(tx, [from, into].map(|id| (tenant, id)).into_iter()).await?;
    for sql in [KEEP_NAME, KEEP_PREFERENCE] {
        tx.sql(sql, (tenant, from, into)).run().await?;
    }
    Ok(())
}

pub(super) async fn move_identities(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const SQL: &str = "UPDATE contact_identities SET contact_id = $3 WHERE tenant_id = $1 AND contact_id = $2";
    tx.sql(SQL, (tenant, from, into)).run().await.map(drop)
}

/// Locks contacts until the end of the transaction, in the order of their ids. No-op on SQLite, which has one writer.
pub async fn lock(tx: &mut Tx, contacts: impl Iterator<Item = (TenantId, ContactId)>) -> Result<()> {
    const POSTGRES: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT o.id
        FROM (SELECT r.tenant_id, r.id FROM r ORDER BY r.id) k CROSS JOIN LATERAL (
            SELECT c.id FROM contacts c WHERE c.tenant_id = k.tenant_id AND c.id = k.id FOR UPDATE) o";
    let rows: BTreeSet<_> = contacts.map(|(tenant, id)| (tenant.uuid(), id.uuid())).collect();
    Stage::Contacts.lock(tx, POSTGRES, rows.into_iter().collect()).await
}

/// Returns whether both contacts still exist.
pub(crate) async fn both_exist(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM contacts WHERE tenant_id = $1 AND id IN ($2, $3)";
    let (count,): (i64,) = tx.sql(SQL, (tenant, from, into)).one().await?;
    Ok(count == 2)
}
