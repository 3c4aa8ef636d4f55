use chrono::{DateTime, Utc};

use crate::{
    db::{Keyed, On, Result},
    domain::{EndpointId, Id, TenantId},
};

/// How an endpoint has done of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// Since when nothing but failures; none while the last attempt succeeded.
    pub failing_since: Option<DateTime<Utc>>,
    pub failures_in_row: i64,
    /// When its owner was told that it fails.
    pub warned_at: Option<DateTime<Utc>>,
    /// The breaker is open since then.
    pub tripped_at: Option<DateTime<Utc>>,
    /// While it is, or since the endpoint asked to be left alone: when it is tried again.
    pub probe_at: Option<DateTime<Utc>>,
    /// While the breaker is open: how often it was tried in vain.
    pub probes: i64,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
}

/// Writes how endpoints stand, unless a person changed them since that revision. Tells of which it wrote that.
pub async fn note_standings(
    on: impl Into<On<'_>>,
    standings: &[(EndpointId, i64, Standing)],
) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        WITH r (rid, rrevision, rfailing, rfailures, rwarned, rtripped, rprobe, rprobes, rerror, rerror_at, rsuccess) AS ({rows})
        UPDATE endpoints
        SET failing_since = r.rfailing, failures_in_row = r.rfailures, warned_at = r.rwarned, tripped_at = r.rtripped,
            probe_at = r.rprobe, probes = r.rprobes, last_error = r.rerror, last_error_at = r.rerror_at,
            last_success_at = r.rsuccess {FROM r}
        WHERE {endpoints.id = r.rid} AND revision = r.rrevision
        RETURNING endpoints.id";
    let row = |(id, revision, it): &(EndpointId, i64, Standing)| {
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
    let rows: Vec<_> = standings.iter().map(row).collect();
    let noted: Vec<(EndpointId,)> = Keyed::new(SQL, rows).all(on).await?;
    Ok(noted.into_iter().map(|(id,)| id).collect())
}

/// Where the breaker is open, or the endpoint asked to be left alone, the next probe is to be made now. Tells of how many that is so.
pub async fn probe_now(on: impl Into<On<'_>>, (tenant, id): (TenantId, EndpointId), now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints SET probe_at = $3
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND probe_at IS NOT NULL";
    on.into().sql(SQL, (tenant, id, now)).run().await
}

/// Nothing goes to these any more, for that reason, unless a person changed them since that revision. Tells which it did that to.
pub async fn disable_failed(
    on: impl Into<On<'_>>,
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
    let disabled: Vec<(EndpointId,)> = Keyed::new(SQL, rows).all(on).await?;
    Ok(disabled.into_iter().map(|(id,)| id).collect())
}
