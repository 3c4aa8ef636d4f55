//! Retention: deletes old rows in small chunks, so that no other statement waits long.

use chrono::{DateTime, TimeDelta, Utc};

use crate::records::{former_app_secrets, idempotency, number_checks};
use crate::{
    clock::first_uuid_at,
    db::{Db, On, Result, Sql},
};

/// Maximum number of rows deleted by one statement.
pub(crate) const CHUNK: i64 = 500;

/// Rows that are removed by age, a chunk at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetentionTarget {
    DoneRawEvents,
    /// Raw events in any state, unless a worker has them in hand.
    RawEvents,
    Events,
    OrphanStatuses,
    IdempotencyKeys,
    /// What merges of contacts did; the redirects of the old ids stay.
    MergeJournals,
    /// What was found out about numbers.
    NumberChecks,
}

/// All targets.
pub(crate) const RETENTION_TARGETS: [RetentionTarget; 7] = [
    RetentionTarget::DoneRawEvents,
    RetentionTarget::RawEvents,
    RetentionTarget::Events,
    RetentionTarget::OrphanStatuses,
    RetentionTarget::IdempotencyKeys,
    RetentionTarget::MergeJournals,
    RetentionTarget::NumberChecks,
];

impl RetentionTarget {
    /// Returns the label in the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            RetentionTarget::DoneRawEvents => "done_raw_events",
            RetentionTarget::RawEvents => "raw_events",
            RetentionTarget::Events => "events",
            RetentionTarget::OrphanStatuses => "orphan_statuses",
            RetentionTarget::IdempotencyKeys => "idempotency_keys",
            RetentionTarget::MergeJournals => "merge_journals",
            RetentionTarget::NumberChecks => "number_checks",
        }
    }
}

/// Removes up to [`CHUNK`] of the oldest rows from before a time, and returns how many.
pub(crate) async fn remove(db: &Db, what: RetentionTarget, before: DateTime<Utc>) -> Result<u64> {
    match what {
        RetentionTarget::DoneRawEvents => raw_events(db, before, true).await,
        RetentionTarget::RawEvents => raw_events(db, before, false).await,
        RetentionTarget::Events => events(db.writer(), before).await,
        RetentionTarget::OrphanStatuses => orphan_statuses(db.writer(), before).await,
        RetentionTarget::IdempotencyKeys => idempotency::expire(db.writer(), before, CHUNK).await,
        RetentionTarget::MergeJournals => merge_journals(db.writer(), before).await,
        RetentionTarget::NumberChecks => number_checks::expire(db.writer(), before, CHUNK).await,
    }
}

/// Removes raw events by id, which begins with the time of receipt. On PostgreSQL whole days are dropped as partitions; only rows of the
/// default partition are deleted here.
async fn raw_events(db: &Db, before: DateTime<Utc>, done_only: bool) -> Result<u64> {
    const SQLITE_DONE: &str = "
        DELETE FROM raw_events WHERE id IN (
            SELECT id FROM raw_events WHERE id < $1 AND state = 'done' ORDER BY id LIMIT $2)";
    const SQLITE_ALL: &str = "
        DELETE FROM raw_events WHERE id IN (
            SELECT id FROM raw_events WHERE id < $1 AND state <> 'running' ORDER BY id LIMIT $2)";
    const POSTGRES_DONE: &str = "
        DELETE FROM raw_events_default WHERE id IN (
            SELECT id FROM raw_events_default WHERE id < $1 AND state = 'done' ORDER BY id LIMIT $2)";
    const POSTGRES_ALL: &str = "
        DELETE FROM raw_events_default WHERE id IN (
            SELECT id FROM raw_events_default WHERE id < $1 AND state <> 'running' ORDER BY id LIMIT $2)";
    let sql = if done_only {
        Sql::each(SQLITE_DONE, POSTGRES_DONE)
    } else {
        Sql::each(SQLITE_ALL, POSTGRES_ALL)
    };
    db.sql(sql, (first_uuid_at(before), CHUNK)).run().await
}

/// Removes domain events older than a time, the oldest first. The sequence of the remaining ones has no gaps.
async fn events(on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM events WHERE id IN (SELECT id FROM events WHERE created_at < $1 ORDER BY created_at LIMIT $2)
            AND created_at < $1";
    on.sql(SQL, (before, CHUNK)).run().await
}

/// Removes the journals of merges.
async fn merge_journals(on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM contact_merges WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM contact_merges WHERE created_at < $1 LIMIT $2)";
    on.sql(SQL, (before, CHUNK)).run().await
}

/// Removes statuses whose message never appeared.
async fn orphan_statuses(on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const SQLITE: &str = "
        DELETE FROM message_statuses WHERE rowid IN (
            SELECT rowid FROM message_statuses WHERE message_id IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2)";
    const POSTGRES: &str = "
        DELETE FROM message_statuses WHERE ctid IN (
            SELECT ctid FROM message_statuses WHERE message_id IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2)";
    on.sql(Sql::each(SQLITE, POSTGRES), (before, CHUNK)).run().await
}

/// Result of purging one page of sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PurgedPage {
    pub removed: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<DateTime<Utc>>,
}

/// Removes sends that ended from `from` on and before `before`, about [`CHUNK`] at a time, the oldest first. Held sends stay, and so do
/// discarded ones whose message is still waiting: a person decides about them.
pub(crate) async fn sends(db: &Db, from: DateTime<Utc>, before: DateTime<Utc>) -> Result<PurgedPage> {
    const END: &str = "
        SELECT finished_at FROM sends WHERE finished_at >= $1 AND finished_at < $2 ORDER BY finished_at LIMIT 1 OFFSET $3";
    const REMOVE: &str = "
        DELETE FROM sends
        WHERE finished_at >= $1 AND finished_at <= $2 AND state IN ('done', 'dead', 'discarded')
            AND NOT EXISTS (
                SELECT 1 FROM messages m
                WHERE m.tenant_id = sends.tenant_id AND m.id = sends.id AND m.status IN ('queued', 'sending', 'unknown'))";
    // Timestamps in the databases have microseconds.
    let step = TimeDelta::microseconds(1);
    let end: Option<(DateTime<Utc>,)> = db.reader().sql(END, (from, before, CHUNK - 1)).opt().await?;
    let last = end.map_or(before - step, |(end,)| end);
    let removed = db.sql(REMOVE, (from, last)).run().await?;
    Ok(PurgedPage {
        removed,
        next: end.map(|_| last + step),
    })
}

/// Removes the marks of unrecognized items and quarantined events that are gone, and the app secrets that signed them.
pub(crate) async fn remove_markers(mut on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const ITEMS: &str = "DELETE FROM unrecognized_items WHERE seen_at < $1";
    const QUARANTINE: &str = "DELETE FROM quarantine WHERE quarantined_at < $1";
    let items = on.reborrow().sql(ITEMS, (before,)).run().await?;
    let secrets = former_app_secrets::forget(on.reborrow(), before).await?;
    Ok(items + secrets + on.sql(QUARANTINE, (before,)).run().await?)
}
