//! Counts the deliveries that wait.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{EndpointId, Id},
    webhooks::store::endpoints::EndpointKey,
};

/// The deliveries that wait for endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Backlog {
    /// At most the number that is counted: 10,000 of an endpoint, 100,000 of all together.
    pub waiting: i64,
    /// When the oldest of those counted was created; `None` if none waits.
    pub oldest: Option<DateTime<Utc>>,
}

impl Backlog {
    /// Returns the age of the oldest delivery in seconds.
    pub fn oldest_seconds(&self, now: DateTime<Utc>) -> Option<f64> {
        self.oldest.map(|oldest| (now - oldest).as_seconds_f64().max(0.0))
    }
}

/// Returns the backlog of each endpoint that has one.
pub(crate) async fn backlogs(on: On<'_>, endpoints: &[EndpointKey]) -> Result<HashMap<EndpointId, Backlog>> {
    const SQL: &str = "
        WITH r (id, tenant_id) AS ({rows})
        SELECT r.id,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM deliveries d
                WHERE d.endpoint_id = r.id AND d.tenant_id = r.tenant_id AND d.state = 'pending'
                LIMIT 10000) AS counted) AS waiting,
            (SELECT MIN(counted.created_at) FROM (
                SELECT d.created_at FROM deliveries d
                WHERE d.endpoint_id = r.id AND d.tenant_id = r.tenant_id AND d.state = 'pending'
                LIMIT 10000) AS counted) AS oldest
        FROM r";
    let row = |it: &EndpointKey| (it.id.uuid(), it.tenant.uuid());
    let found: Vec<(EndpointId, i64, Option<DateTime<Utc>>)> =
        Rows::new(SQL, endpoints.iter().map(row).collect()).all(on).await?;
    let waits = found.into_iter().filter(|(_, waiting, _)| *waiting > 0);
    Ok(waits
        .map(|(id, waiting, oldest)| (id, Backlog { waiting, oldest }))
        .collect())
}

/// Returns the backlog of all endpoints of all tenants together.
pub(crate) async fn total_backlog(on: On<'_>) -> Result<Backlog> {
    const SQL: &str = "
        SELECT COUNT(*) AS waiting, MIN(counted.created_at) AS oldest
        FROM (SELECT created_at FROM deliveries WHERE state = 'pending' LIMIT 100000) AS counted";
    on.sql(SQL, ()).one().await
}
