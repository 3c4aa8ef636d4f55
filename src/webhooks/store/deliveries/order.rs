//! The order of deliveries within a conversation.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::DueDelivery;
use crate::{
    db::{Db, On, Result, Rows},
    domain::{DeliveryId, EndpointId, Id},
};

/// Maximum number of deliveries of one conversation made in sequence by one chain. [`chains`] reads one more, to see what follows.
pub(crate) const CHAIN: usize = 16;
const READ: i64 = CHAIN as i64 + 1;

/// Returns the pending deliveries of these conversations, due or not, in order: up to [`CHAIN`] of each and the one after.
pub(crate) async fn chains(db: &Db, endpoint: EndpointId, keys: &[Uuid]) -> Result<Vec<DueDelivery>> {
    const OF_ONE: &str = "
        SELECT e.revision, d.endpoint_id, d.id, d.tenant_id, d.event_id, d.sequence, d.order_key, d.attempts, d.attempts_before, d.due_at, d.type,
            v.occurred_at, v.data
        FROM endpoints e
        JOIN deliveries d ON d.endpoint_id = e.id
        LEFT JOIN events v ON v.tenant_id = d.tenant_id AND v.sequence = d.sequence
        WHERE e.id = $1 AND d.endpoint_id = $1 AND d.order_key = $2 AND d.state = 'pending'
        ORDER BY d.sequence
        LIMIT $3";
    const POSTGRES: &str = "
        WITH r (endpoint, key, most) AS ({rows})
        SELECT e.revision, d.endpoint_id, d.id, d.tenant_id, d.event_id, d.sequence, d.order_key, d.attempts, d.attempts_before, d.due_at, d.type,
            v.occurred_at, v.data
        FROM r
        JOIN endpoints e ON e.id = r.endpoint
        CROSS JOIN LATERAL (
            SELECT i.endpoint_id, i.id, i.tenant_id, i.event_id, i.sequence, i.order_key, i.attempts, i.attempts_before, i.due_at, i.type
            FROM deliveries i
            WHERE i.endpoint_id = r.endpoint AND i.order_key = r.key AND i.state = 'pending'
            ORDER BY i.sequence
            LIMIT r.most) d
        LEFT JOIN events v ON v.tenant_id = d.tenant_id AND v.sequence = d.sequence
        ORDER BY d.sequence";
    if db.is_postgres() {
        let rows = keys.iter().map(|key| (endpoint.uuid(), *key, READ)).collect();
        return Rows::new(POSTGRES, rows).all(db.reader()).await;
    }
    let mut found = Vec::new();
    for key in keys {
        found.extend(
            db.reader()
                .sql(OF_ONE, (endpoint, *key, READ))
                .all::<DueDelivery>()
                .await?,
        );
    }
    Ok(found)
}

/// Maximum number of conversations examined for due deliveries.
const LOOK: i64 = 256;

/// Returns the conversations whose first pending delivery is due, among the next 256 after `after` with pending deliveries. Reads one row of
/// each, however many are pending.
pub async fn due_conversations(db: &Db, endpoint: EndpointId, after: Uuid, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH RECURSIVE k (key, n) AS (
            SELECT (SELECT d.order_key FROM deliveries d
                WHERE d.endpoint_id = $1 AND d.order_key > $2 AND d.state = 'pending' ORDER BY d.order_key LIMIT 1), 1
            UNION ALL
            SELECT (SELECT d.order_key FROM deliveries d
                WHERE d.endpoint_id = $1 AND d.order_key > k.key AND d.state = 'pending' ORDER BY d.order_key LIMIT 1), k.n + 1
            FROM k WHERE k.key IS NOT NULL AND k.n < $3)
        SELECT k.key FROM k
        WHERE k.key IS NOT NULL AND (SELECT d.due_at FROM deliveries d
            WHERE d.endpoint_id = $1 AND d.order_key = k.key AND d.state = 'pending' ORDER BY d.sequence LIMIT 1) <= $4";
    let found: Vec<(Uuid,)> = db.reader().sql(SQL, (endpoint, after, LOOK, now)).all().await?;
    Ok(found.into_iter().map(|(key,)| key).collect())
}

/// Returns the first and the last conversation, by id, with pending deliveries.
pub async fn ends_of_conversations(db: &Db, endpoint: EndpointId) -> Result<Option<(Uuid, Uuid)>> {
    const SQL: &str = "
        SELECT (SELECT d.order_key FROM deliveries d
                WHERE d.endpoint_id = $1 AND d.order_key IS NOT NULL AND d.state = 'pending' ORDER BY d.order_key LIMIT 1),
            (SELECT d.order_key FROM deliveries d
                WHERE d.endpoint_id = $1 AND d.order_key IS NOT NULL AND d.state = 'pending' ORDER BY d.order_key DESC LIMIT 1)";
    let (first, last): (Option<Uuid>, Option<Uuid>) = db.reader().sql(SQL, (endpoint,)).one().await?;
    Ok(first.zip(last))
}

/// Defers deliveries until the given times, unless they are due later still, because an earlier one of their conversation has to wait.
pub async fn defer(db: &Db, endpoint: EndpointId, until: &[(DeliveryId, DateTime<Utc>)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (rid, rendpoint, until) AS ({rows})
        UPDATE deliveries SET due_at = r.until
        FROM r
        WHERE endpoint_id = r.rendpoint AND id = r.rid AND state || '' = 'pending' AND due_at < r.until";
    let mut rows: Vec<_> = until
        .iter()
        .map(|(id, until)| (id.uuid(), endpoint.uuid(), *until))
        .collect();
    rows.sort_unstable();
    Rows::new(SQL, rows).run(db.writer()).await
}

/// Makes the deferred deliveries of these conversations due now, the first five hundred of each in order: nothing is before them any more.
/// The others follow when it is their turn.
pub async fn release_conversations(
    on: On<'_>,
    conversations: &[(EndpointId, Uuid)],
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (endpoint, key, now) AS ({rows}),
        b AS MATERIALIZED (
            SELECT r.endpoint, r.key, r.now, COALESCE((
                SELECT d.sequence FROM deliveries d
                WHERE d.endpoint_id = r.endpoint AND d.order_key = r.key AND d.state = 'pending' AND d.due_at > r.now
                ORDER BY d.sequence LIMIT 1 OFFSET 500), 9223372036854775807) AS beyond
            FROM r)
        UPDATE deliveries SET due_at = b.now
        FROM b
        WHERE endpoint_id = b.endpoint AND order_key = b.key AND state = 'pending' AND due_at > b.now AND sequence < b.beyond";
    let mut rows: Vec<_> = conversations
        .iter()
        .map(|(endpoint, key)| (endpoint.uuid(), *key, now))
        .collect();
    rows.sort_unstable();
    rows.dedup();
    Rows::new(SQL, rows).run(on).await
}
