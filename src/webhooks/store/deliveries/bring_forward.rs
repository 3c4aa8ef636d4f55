//! Brings deliveries forward.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    db::{Db, Result, Tx},
    domain::{DeliveryId, EndpointId},
};

/// Number of deliveries brought forward in one statement.
pub(crate) const FORWARDED_AT_ONCE: u64 = 1_000;

/// Makes up to [`FORWARDED_AT_ONCE`] deliveries of an endpoint that are due later due now, the soonest first, and returns how many.
pub(crate) async fn bring_forward(db: &Db, endpoint: EndpointId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE deliveries SET due_at = $2
        WHERE endpoint_id = $1 AND state = 'pending' AND due_at > $2 AND id IN (
            SELECT id FROM deliveries WHERE endpoint_id = $1 AND state = 'pending' AND due_at > $2
            ORDER BY due_at, id LIMIT $3)";
    db.sql(SQL, (endpoint, now, FORWARDED_AT_ONCE as i64)).run().await
}

/// Moves a delivery before all others that are pending at its endpoint.
pub(crate) async fn move_to_front(
    tx: &mut Tx,
    endpoint: EndpointId,
    id: DeliveryId,
    now: DateTime<Utc>,
) -> Result<u64> {
    const FIRST: &str = "SELECT MIN(due_at) FROM deliveries WHERE endpoint_id = $1 AND state = 'pending'";
    const SQL: &str = "UPDATE deliveries SET due_at = $3 WHERE endpoint_id = $1 AND id = $2 AND state = 'pending'";
    let (first,): (Option<DateTime<Utc>>,) = tx.sql(FIRST, (endpoint,)).one().await?;
    let before = first.map_or(now, |first| first.min(now)) - TimeDelta::milliseconds(1);
    tx.sql(SQL, (endpoint, id, before)).run().await
}
