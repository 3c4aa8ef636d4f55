use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Due;
use crate::{
    db::{Db, On, Result, Rows},
    domain::{EndpointId, Id},
};

/// The most deliveries of one conversation that are read together.
const CHAIN: i64 = 16;

/// What waits for an endpoint in each of these conversations, due or not: the earliest first, a few of each.
pub async fn chains(db: &Db, endpoint: EndpointId, keys: &[Uuid]) -> Result<Vec<Due>> {
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
        let rows = keys.iter().map(|key| (endpoint.uuid(), *key, CHAIN)).collect();
        return Rows::new(POSTGRES, rows).all(db.reader()).await;
    }
    let mut found = Vec::new();
    for key in keys {
        found.extend(db.reader().sql(OF_ONE, (endpoint, *key, CHAIN)).all::<Due>().await?);
    }
    Ok(found)
}

/// When what waits in a conversation is to go to an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub endpoint: EndpointId,
    pub key: Uuid,
    pub due_at: DateTime<Utc>,
}

/// Makes all that waits in these conversations due together: later, with what failed before it; or at once, when nothing is before it
/// any more.
pub async fn set_pace(on: impl Into<On<'_>>, paces: &[Pace]) -> Result<u64> {
    const SQL: &str = "
        WITH r (endpoint, key, due) AS ({rows})
        UPDATE deliveries SET due_at = r.due
        FROM r
        WHERE endpoint_id = r.endpoint AND order_key = r.key AND state = 'pending' AND due_at <> r.due";
    let mut rows: Vec<_> = paces.iter().map(|it| (it.endpoint.uuid(), it.key, it.due_at)).collect();
    rows.sort_unstable();
    // Of two that say something of one conversation, the later time holds.
    rows.reverse();
    rows.dedup_by_key(|row| (row.0, row.1));
    Rows::new(SQL, rows).run(on).await
}
