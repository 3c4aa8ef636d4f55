//! Removes old deliveries.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    clock::first_uuid_at,
    db::{Db, KeyedRows, Result, Rows},
    domain::{DeliveryId, DeliveryState, EndpointId, Id},
};

/// Number of deliveries examined and removed in one transaction.
pub(crate) const REMOVED_AT_ONCE: u64 = 500;

/// The error of a delivery that a disabled endpoint kept waiting too long.
const WAITED: &str = "the endpoint was disabled for longer than deliveries are kept";

/// The result of sweeping a page of old deliveries.
#[derive(Clone, Debug, Default)]
pub struct SweptPage {
    /// Number of deliveries removed, with their attempts.
    pub removed: u64,
    /// Number of pending deliveries now dead.
    pub ended: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<DeliveryId>,
}

/// Sweeps up to [`REMOVED_AT_ONCE`] deliveries of an endpoint, after `after`, of events from before `before`. Removes those finished before
/// that time; marks those pending for a disabled endpoint as dead.
pub async fn sweep(
    db: &Db,
    endpoint: EndpointId,
    after: Option<DeliveryId>,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<SweptPage> {
    // An id begins with the time of its event, which is no later than the delivery's end.
    const SQL: &str = "
        SELECT id, state, finished_at FROM deliveries WHERE endpoint_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";
    const ENDED: &str = "
        WITH r (id, endpoint_id) AS ({rows})
        DELETE FROM deliveries
        WHERE (endpoint_id, id) IN (SELECT endpoint_id, id FROM r) AND state || '' <> 'pending'
        RETURNING id";
    let after = after.unwrap_or(DeliveryId::from_uuid(Uuid::nil()));
    let args = (endpoint, after, first_uuid_at(before), REMOVED_AT_ONCE as i64);
    let old: Vec<(DeliveryId, String, Option<DateTime<Utc>>)> = db.reader().sql(SQL, args).all().await?;
    let is_full = old.len() as u64 == REMOVED_AT_ONCE;
    let next = old.last().filter(|_| is_full).map(|(id, ..)| *id);
    let (waiting, ended): (Vec<_>, Vec<_>) = old
        .into_iter()
        .partition(|(_, state, _)| state == DeliveryState::Pending.as_str());
    let ended = ended.into_iter().filter(|(.., at)| at.is_some_and(|at| at < before));
    Ok(SweptPage {
        removed: erase(db, ENDED, endpoint, ended.map(|(id, ..)| id).collect()).await?,
        ended: give_up(db, endpoint, waiting.into_iter().map(|(id, ..)| id).collect(), now).await?,
        next,
    })
}

/// Marks pending deliveries of a disabled endpoint as dead.
async fn give_up(db: &Db, endpoint: EndpointId, ids: Vec<DeliveryId>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (rid, rendpoint, now, why) AS ({rows})
        UPDATE deliveries SET state = 'dead', due_at = r.now, finished_at = r.now, last_error = r.why
        FROM r
        WHERE endpoint_id = r.rendpoint AND id = r.rid AND state || '' = 'pending'
            AND EXISTS (SELECT 1 FROM endpoints e WHERE e.id = r.rendpoint AND e.disabled_at IS NOT NULL)";
    if ids.is_empty() {
        return Ok(0);
    }
    let row = |id: DeliveryId| (id.uuid(), endpoint.uuid(), now, WAITED.to_owned());
    let mut tx = db.begin().await?;
    let given_up = Rows::new(SQL, ids.into_iter().map(row).collect()).run(tx.on()).await?;
    tx.commit().await?;
    Ok(given_up)
}

/// Removes up to [`REMOVED_AT_ONCE`] deliveries of an endpoint, whatever their state.
pub async fn remove(db: &Db, endpoint: EndpointId) -> Result<u64> {
    const SOME: &str = "SELECT id FROM deliveries WHERE endpoint_id = $1 ORDER BY id LIMIT $2";
    const ALL: &str = "
        WITH r (id, endpoint_id) AS ({rows})
        DELETE FROM deliveries WHERE (endpoint_id, id) IN (SELECT endpoint_id, id FROM r)
        RETURNING id";
    let args = (endpoint, REMOVED_AT_ONCE as i64);
    let found: Vec<(DeliveryId,)> = db.reader().sql(SOME, args).all().await?;
    erase(db, ALL, endpoint, found.into_iter().map(|(id,)| id).collect()).await
}

/// Removes deliveries, then their attempts: a transaction that stores an attempt has the delivery locked, or finds it deleted.
async fn erase(db: &Db, sql: &'static str, endpoint: EndpointId, ids: Vec<DeliveryId>) -> Result<u64> {
    const ATTEMPTS: &str = "
        WITH r (delivery_id) AS ({rows})
        DELETE FROM delivery_attempts WHERE {delivery_id IN (SELECT delivery_id FROM r)}";
    if ids.is_empty() {
        return Ok(0);
    }
    let deliveries = ids.into_iter().map(|id| (id.uuid(), endpoint.uuid())).collect();
    let mut tx = db.begin().await?;
    let removed: Vec<(Uuid,)> = Rows::new(sql, deliveries).all(tx.on()).await?;
    let count = removed.len() as u64;
    KeyedRows::new(ATTEMPTS, removed).run(tx.on()).await?;
    tx.commit().await?;
    Ok(count)
}
