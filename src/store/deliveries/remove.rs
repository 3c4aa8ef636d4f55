use chrono::{DateTime, Utc};

use crate::{
    clock::first_uuid_at,
    db::{Db, Result, Rows, Tx},
    domain::{DeliveryId, EndpointId, Id},
};

/// Deliveries removed in one transaction.
pub const REMOVED_AT_ONCE: u64 = 500;

/// Removes up to [`REMOVED_AT_ONCE`] deliveries of an endpoint that ended before a time, with their attempts, and tells how many.
pub async fn remove_finished(db: &Db, endpoint: EndpointId, before: DateTime<Utc>) -> Result<u64> {
    // An id begins with the time of its event, which is no later than its end.
    const SQL: &str = "
        SELECT id FROM deliveries
        WHERE endpoint_id = $1 AND id < $2 AND state || '' <> 'pending' AND finished_at < $3
        ORDER BY id LIMIT $4";
    let mut tx = db.begin().await?;
    let args = (endpoint, first_uuid_at(before), before, REMOVED_AT_ONCE as i64);
    let found: Vec<(DeliveryId,)> = tx.sql(SQL, args).all().await?;
    erase(tx, endpoint, found).await
}

/// Removes up to [`REMOVED_AT_ONCE`] deliveries of an endpoint, whatever their state.
pub async fn remove(db: &Db, endpoint: EndpointId) -> Result<u64> {
    const SQL: &str = "SELECT id FROM deliveries WHERE endpoint_id = $1 ORDER BY id LIMIT $2";
    let mut tx = db.begin().await?;
    let found: Vec<(DeliveryId,)> = tx.sql(SQL, (endpoint, REMOVED_AT_ONCE as i64)).all().await?;
    erase(tx, endpoint, found).await
}

async fn erase(mut tx: Tx, endpoint: EndpointId, ids: Vec<(DeliveryId,)>) -> Result<u64> {
    const ATTEMPTS: &str = "
        WITH r (delivery_id) AS ({rows})
        DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT delivery_id FROM r) AND delivery_id {key}";
    const DELIVERIES: &str = "
        WITH r (id, endpoint_id) AS ({rows})
        DELETE FROM deliveries WHERE (endpoint_id, id) IN (SELECT endpoint_id, id FROM r)";
    let attempts = ids.iter().map(|(id,)| (id.uuid(),)).collect();
    Rows::new(ATTEMPTS, attempts).run(&mut tx).await?;
    let deliveries = ids.iter().map(|(id,)| (id.uuid(), endpoint.uuid())).collect();
    let removed = Rows::new(DELIVERIES, deliveries).run(&mut tx).await?;
    tx.commit().await?;
    Ok(removed)
}
