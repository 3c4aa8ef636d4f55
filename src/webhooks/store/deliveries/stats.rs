//! Samples attempts for statistics.

use chrono::{DateTime, Utc};

use crate::{
    clock::first_uuid_at,
    db::{On, Result},
    webhooks::store::endpoints::EndpointKey,
};

/// Number of deliveries sampled.
const NEWEST: i64 = 1_000;

/// The part of an attempt that statistics use.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Sample {
    pub duration_us: i64,
    pub outcome: String,
}

/// Returns the attempts of the newest thousand deliveries of an endpoint, of events since a time.
pub async fn sample(
    on: On<'_>,
    EndpointKey { tenant, id: endpoint }: EndpointKey,
    since: DateTime<Utc>,
) -> Result<Vec<Sample>> {
    const SQL: &str = "
        SELECT a.duration_us, a.outcome
        FROM (SELECT id FROM deliveries WHERE endpoint_id = $1 AND tenant_id = $2 AND id > $3 ORDER BY id DESC LIMIT $4) d
        CROSS JOIN delivery_attempts a
        WHERE a.delivery_id = d.id AND a.tenant_id = $2";
    on.sql(SQL, (endpoint, tenant, first_uuid_at(since), NEWEST))
        .all()
        .await
}
