//! Loads, claims and finishes raw events.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{KeyedRows, On, Result, Tx},
    domain::{AppSecretId, Id, Provider, RawEventId, TenantId, WorkState},
    records::lock_order::Stage,
};

/// A raw event to process.
#[derive(Clone, Debug)]
pub struct RawEvent {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    /// The provider that sent it.
    pub source: Provider,
    pub signer: Option<TenantId>,
    /// The app secret that signed it; `None` for the operator's, and in rows of versions that did not store it.
    pub app_secret_id: Option<AppSecretId>,
    pub body: Vec<u8>,
}

/// Events that are still pending.
#[derive(Debug)]
pub struct PendingEvents {
    /// In the order of their ids.
    pub(crate) short: Vec<RawEvent>,
    /// Events whose bodies were too long to load.
    pub long: Vec<RawEventId>,
}

/// Returns the events that are still pending, with bodies of at most `longest` bytes.
pub async fn pending(on: On<'_>, ids: &[RawEventId], longest: i64) -> Result<PendingEvents> {
    const SQL: &str = "
        WITH r (id, longest) AS ({rows})
        SELECT e.id, e.received_at, e.source, e.signer, e.app_secret_id,
            CASE WHEN LENGTH(e.body) <= r.longest THEN e.body END AS body
        FROM {r CROSS JOIN} raw_events e
        WHERE {e.id = r.id} AND e.state = 'pending'";
    let mut found: Vec<Row> = KeyedRows::new(SQL, ids.iter().map(|id| (id.uuid(), longest)).collect())
        .all(on)
        .await?;
    found.sort_by_key(|row| row.id);
    let (mut short, mut long) = (Vec::with_capacity(found.len()), Vec::new());
    for row in found {
        match row.body {
            Some(body) => short.push(RawEvent {
                id: row.id,
                received_at: row.received_at,
                source: row.source,
                signer: row.signer,
                app_secret_id: row.app_secret_id,
                body,
            }),
            None => long.push(row.id),
        }
    }
    Ok(PendingEvents { short, long })
}

#[derive(sqlx::FromRow)]
struct Row {
    id: RawEventId,
    received_at: DateTime<Utc>,
    source: Provider,
    signer: Option<TenantId>,
    app_secret_id: Option<AppSecretId>,
    body: Option<Vec<u8>>,
}

/// Locks the events that are still pending until the end of the transaction. Returns them in order; events locked by another worker are
/// skipped.
pub async fn lock(tx: &mut Tx, ids: &[RawEventId]) -> Result<Vec<RawEventId>> {
    Stage::RawEvents.reach(tx);
    const SQLITE: &str = "
        WITH r (id) AS ({rows})
        SELECT e.id FROM {r CROSS JOIN} raw_events e WHERE {e.id = r.id} AND e.state = 'pending'";
    const POSTGRES: &str = "
        WITH r (id) AS ({rows})
        SELECT e.id FROM {r CROSS JOIN} raw_events e WHERE {e.id = r.id} AND e.state = 'pending'
        FOR UPDATE SKIP LOCKED";
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let found: Vec<(RawEventId,)> = KeyedRows::new(sql, ids.iter().map(|id| (id.uuid(),)).collect())
        .all(tx.on())
        .await?;
    let mut found: Vec<RawEventId> = found.into_iter().map(|(id,)| id).collect();
    found.sort();
    Ok(found)
}

/// Returns the body of an event.
pub async fn body(on: On<'_>, id: RawEventId) -> Result<Option<Vec<u8>>> {
    let found: Option<(Vec<u8>,)> = on.sql("SELECT body FROM raw_events WHERE id = $1", (id,)).opt().await?;
    Ok(found.map(|(body,)| body))
}

/// Final state of a processed event.
#[derive(Clone, Debug)]
pub struct ProcessedEvent {
    pub id: RawEventId,
    /// `Done`, or `Quarantined` if part of it waits for a channel.
    pub state: WorkState,
    /// Names of the fields found in it, separated by spaces.
    pub fields: String,
}

/// Stores the final states of pending events.
pub async fn finish(on: On<'_>, processed: &[ProcessedEvent], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, state, fields, at) AS ({rows})
        UPDATE raw_events SET state = r.state, fields = r.fields, finished_at = r.at {FROM r}
        WHERE {raw_events.id = r.id} AND raw_events.state = 'pending'";
    let row = |event: &ProcessedEvent| {
        let id: Uuid = event.id.uuid();
        (id, event.state.as_str().to_owned(), event.fields.clone(), now)
    };
    KeyedRows::new(SQL, processed.iter().map(row).collect()).run(on).await
}
