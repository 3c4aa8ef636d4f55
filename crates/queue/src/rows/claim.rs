use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Queue;
use mainstay_db::{self as db, KeyedRows, On};

/// A claimed row. The attempt identifies the claim (a fencing token): the row's outcome is written only while it is still `running` at this
/// attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Lease {
    pub id: Uuid,
    pub attempt: i64,
}

/// Leases those of the rows that are pending and due, and counts the attempt. Of two concurrent claims of a row one succeeds.
pub async fn claim(
    on: On<'_>,
    queue: &Queue,
    ids: &[Uuid],
    lease_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> db::Result<Vec<Lease>> {
    const SQL: &str = "
        WITH r (rid, lease_until, now) AS ({rows})
        UPDATE {t} SET state = 'running', attempts = attempts + 1, due_at = r.lease_until {FROM r}
        WHERE {id = r.rid} AND state || '' = 'pending' AND COALESCE(due_at, r.now) <= r.now
        RETURNING id, attempts AS attempt";
    let rows = ids.iter().map(|id| (*id, lease_until, now)).collect();
    KeyedRows::built(queue.sql(SQL), rows).all(on).await
}

/// Extends leases and returns the ids that no other worker can have taken: leases that still hold, and rows that their handler has given
/// back.
pub async fn renew(
    mut on: On<'_>,
    queue: &Queue,
    leases: &[Lease],
    lease_until: DateTime<Utc>,
) -> db::Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (rid, attempt, lease_until) AS ({rows})
        UPDATE {t} SET due_at = r.lease_until {FROM r}
        WHERE {id = r.rid} AND state || '' = 'running' AND attempts = r.attempt
        RETURNING id";
    // An expired lease leaves its attempt counted; a row given back does not.
    const GIVEN_BACK: &str = "
        WITH r (rid, attempt) AS ({rows})
        SELECT id FROM {r CROSS JOIN} {t}
        WHERE {id = r.rid} AND state || '' = 'pending' AND attempts = r.attempt - 1";
    let rows = leases
        .iter()
        .map(|lease| (lease.id, lease.attempt, lease_until))
        .collect();
    let renewed: Vec<(Uuid,)> = KeyedRows::built(queue.sql(SQL), rows).all(on.reborrow()).await?;
    let mut kept: Vec<Uuid> = renewed.into_iter().map(|(id,)| id).collect();
    let held: HashSet<Uuid> = kept.iter().copied().collect();
    let others = leases.iter().filter(|lease| !held.contains(&lease.id));
    let rows = others.map(|lease| (lease.id, lease.attempt)).collect();
    let given_back: Vec<(Uuid,)> = KeyedRows::built(queue.sql(GIVEN_BACK), rows).all(on).await?;
    kept.extend(given_back.into_iter().map(|(id,)| id));
    Ok(kept)
}
