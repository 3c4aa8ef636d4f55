//! Reads due deliveries.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, Result, Rows},
    domain::{DeliveryId, EndpointId, EventId, Id, TenantId},
};

/// A due delivery with its event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueDelivery {
    /// The revision of the endpoint, read together with the delivery.
    pub revision: i64,
    pub endpoint_id: EndpointId,
    pub id: DeliveryId,
    pub tenant_id: TenantId,
    pub event_id: EventId,
    pub sequence: i64,
    pub order_key: Option<Uuid>,
    /// Attempts so far.
    pub attempts: i64,
    /// Attempts before the last retry by request.
    pub attempts_before: i64,
    pub due_at: DateTime<Utc>,
    #[sqlx(rename = "type")]
    pub kind: String,
    /// `None`, like `data`, if the event is no longer stored.
    pub occurred_at: Option<DateTime<Utc>>,
    pub data: Option<String>,
}

/// A query for the first `most` due deliveries of an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct DueQuery {
    pub endpoint: EndpointId,
    pub most: i64,
}

/// Returns the due deliveries of these endpoints, the longest due first. A disabled endpoint has none.
pub async fn due(db: &Db, wanted: &[DueQuery], now: DateTime<Utc>) -> Result<Vec<DueDelivery>> {
    const OF_ONE: &str = "
        SELECT e.revision, d.endpoint_id, d.id, d.tenant_id, d.event_id, d.sequence, d.order_key, d.attempts, d.attempts_before, d.due_at, d.type,
            v.occurred_at, v.data
        FROM endpoints e
        JOIN deliveries d ON d.endpoint_id = e.id
        LEFT JOIN events v ON v.tenant_id = d.tenant_id AND v.sequence = d.sequence
        WHERE e.id = $1 AND e.disabled_at IS NULL AND e.deleted_at IS NULL
            AND d.endpoint_id = $1 AND d.state = 'pending' AND d.due_at <= $2
        ORDER BY d.due_at, d.id
        LIMIT $3";
    const POSTGRES: &str = "
        WITH r (endpoint, now, most) AS ({rows})
        SELECT e.revision, d.endpoint_id, d.id, d.tenant_id, d.event_id, d.sequence, d.order_key, d.attempts, d.attempts_before, d.due_at, d.type,
            v.occurred_at, v.data
        FROM r
        JOIN endpoints e ON e.id = r.endpoint AND e.disabled_at IS NULL AND e.deleted_at IS NULL
        CROSS JOIN LATERAL (
            SELECT i.endpoint_id, i.id, i.tenant_id, i.event_id, i.sequence, i.order_key, i.attempts, i.attempts_before, i.due_at, i.type
            FROM deliveries i
            WHERE i.endpoint_id = r.endpoint AND i.state = 'pending' AND i.due_at <= r.now
            ORDER BY i.due_at, i.id
            LIMIT r.most) d
        LEFT JOIN events v ON v.tenant_id = d.tenant_id AND v.sequence = d.sequence";
    if db.is_postgres() && wanted.len() > 1 {
        let row = |it: &DueQuery| (it.endpoint.uuid(), now, it.most);
        return Rows::new(POSTGRES, wanted.iter().map(row).collect())
            .all(db.reader())
            .await;
    }
    let mut found = Vec::new();
    for it in wanted {
        found.extend(
            db.reader()
                .sql(OF_ONE, (it.endpoint, now, it.most))
                .all::<DueDelivery>()
                .await?,
        );
    }
    Ok(found)
}
