//! The health of endpoints: failures and the circuit breaker.

use chrono::{DateTime, Utc};

use super::EndpointKey;
use crate::{
    db::{KeyedRows, On, Result},
    domain::{EndpointId, Id},
};

/// The health of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct EndpointHealth {
    /// Start of the current run of failures; `None` while the last attempt succeeded.
    pub failing_since: Option<DateTime<Utc>>,
    pub failures_in_row: i64,
    /// When its owner was warned of the failures.
    pub warned_at: Option<DateTime<Utc>>,
    /// Since when the breaker is open.
    pub tripped_at: Option<DateTime<Utc>>,
    /// While the breaker is open, or after a `Retry-After`: when the next request is sent.
    pub probe_at: Option<DateTime<Utc>>,
    /// While the breaker is open: the number of failed probes.
    pub probes: i64,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
}

/// Stores the health of endpoints, unless a person has changed them since that revision. Returns the endpoints that were updated.
pub(crate) async fn update_health(
    on: On<'_>,
    healths: &[(EndpointId, i64, EndpointHealth)],
) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        WITH r (rid, rrevision, rfailing, rfailures, rwarned, rtripped, rprobe, rprobes, rerror, rerror_at, rsuccess) AS ({rows})
        UPDATE endpoints
        SET failing_since = r.rfailing, failures_in_row = r.rfailures, warned_at = r.rwarned, tripped_at = r.rtripped,
            probe_at = r.rprobe, probes = r.rprobes, last_error = r.rerror, last_error_at = r.rerror_at,
            last_success_at = r.rsuccess {FROM r}
        WHERE {endpoints.id = r.rid} AND revision = r.rrevision
        RETURNING endpoints.id";
    let row = |(id, revision, it): &(EndpointId, i64, EndpointHealth)| {
        (
            id.uuid(),
            *revision,
            it.failing_since,
            it.failures_in_row,
            it.warned_at,
            it.tripped_at,
            it.probe_at,
            it.probes,
            it.last_error.clone(),
            it.last_error_at,
            it.last_success_at,
        )
    };
    let rows: Vec<_> = healths.iter().map(row).collect();
    let noted: Vec<(EndpointId,)> = KeyedRows::new(SQL, rows).all(on).await?;
    Ok(noted.into_iter().map(|(id,)| id).collect())
}

/// Makes the next probe due now if the breaker is open or a `Retry-After` is pending. Returns the number of endpoints affected.
pub(crate) async fn probe_now(on: On<'_>, EndpointKey { tenant, id }: EndpointKey, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints SET probe_at = $3
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND probe_at IS NOT NULL";
    on.sql(SQL, (tenant, id, now)).run().await
}

/// Disables failing endpoints, unless a person has changed them since that revision. Returns the endpoints that were disabled.
pub(crate) async fn disable_failed(
    on: On<'_>,
    failed: &[(EndpointId, i64, String)],
    now: DateTime<Utc>,
) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        WITH r (rid, rrevision, reason, now) AS ({rows})
        UPDATE endpoints SET disabled_at = r.now, disabled_reason = r.reason, revision = revision + 1, updated_at = r.now {FROM r}
        WHERE {endpoints.id = r.rid} AND revision = r.rrevision AND disabled_at IS NULL
        RETURNING endpoints.id";
    let rows: Vec<_> = failed
        .iter()
        .map(|(id, revision, reason)| (id.uuid(), *revision, reason.clone(), now))
        .collect();
    let disabled: Vec<(EndpointId,)> = KeyedRows::new(SQL, rows).all(on).await?;
    Ok(disabled.into_iter().map(|(id,)| id).collect())
}
