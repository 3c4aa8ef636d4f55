//! Endpoints, their health, and their jobs.

mod health;
mod jobs;
mod write;

pub(crate) use health::{EndpointHealth, disable_failed, probe_now, update_health};
pub use jobs::{ENDPOINT_JOBS, EndpointRest, overdue_jobs, reschedule_job};
pub(crate) use jobs::{insert_job, wake_after_commit};
pub(crate) use write::{EndpointSettings, erasable, erase};
pub use write::{delete, disable, enable, insert, reseal, set_secret, update};

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{ChannelId, EndpointId, EventTypes, Id, TenantId},
};

/// An endpoint. Secrets and headers are encrypted under the tenant's key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Endpoint {
    pub id: EndpointId,
    pub tenant_id: TenantId,
    pub url: String,
    pub description: Option<String>,
    /// JSON; see [`Endpoint::wants`].
    pub event_types: String,
    /// JSON; see [`Endpoint::channels`].
    pub channels: Option<String>,
    pub rate_limit_per_second: Option<i64>,
    pub headers: Option<Vec<u8>>,
    pub ordered: bool,
    pub max_concurrent: i64,
    pub secret: Vec<u8>,
    pub previous_secret: Option<Vec<u8>>,
    pub(crate) previous_secret_until: Option<DateTime<Utc>>,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub disabled_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub created_by: Option<String>,
    pub revision: i64,
    #[sqlx(flatten)]
    pub health: EndpointHealth,
}

/// The key of an endpoint: its tenant and its id.
#[derive(Clone, Copy, Debug)]
pub struct EndpointKey {
    pub tenant: TenantId,
    pub id: EndpointId,
}

impl Endpoint {
    pub fn key(&self) -> EndpointKey {
        EndpointKey {
            tenant: self.tenant_id,
            id: self.id,
        }
    }

    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    pub fn wants(&self) -> EventTypes {
        EventTypes::from_json(&self.event_types)
    }

    /// Returns the channels whose events it subscribes to; `None` is all events, including those of no channel.
    pub fn channels(&self) -> Option<Vec<ChannelId>> {
        channels(self.channels.as_deref())
    }
}

/// The encryption context of an endpoint's secrets.
pub(crate) fn secrets_purpose(endpoint: EndpointId) -> String {
    format!("endpoint-secret {endpoint}")
}

/// The encryption context of an endpoint's headers.
pub(crate) fn headers_purpose(endpoint: EndpointId) -> String {
    format!("endpoint-headers {endpoint}")
}

/// Parses the column `channels`. An unreadable value is no channel.
pub(super) fn channels(json: Option<&str>) -> Option<Vec<ChannelId>> {
    json.map(|text| serde_json::from_str(text).unwrap_or_default())
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, url, description, event_types, channels, rate_limit_per_second, headers, ordered, \
             max_concurrent, secret, previous_secret, previous_secret_until, disabled_at, disabled_reason, created_at, \
             updated_at, created_by, revision, failing_since, failures_in_row, warned_at, tripped_at, probe_at, probes, last_error, \
             last_error_at, last_success_at FROM endpoints ",
            $rest
        )
    };
}

pub async fn find(on: On<'_>, tenant: TenantId, id: EndpointId) -> Result<Option<Endpoint>> {
    const SQL: &str = select!("WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL");
    on.sql(SQL, (tenant, id)).opt().await
}

/// Returns a tenant's endpoints after `after`, oldest first.
pub async fn list(on: On<'_>, tenant: TenantId, after: Option<EndpointId>, limit: i64) -> Result<Vec<Endpoint>> {
    const SQL: &str = select!("WHERE tenant_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3");
    let after = after.unwrap_or(EndpointId::from_uuid(uuid::Uuid::nil()));
    on.sql(SQL, (tenant, after, limit)).all().await
}

/// Returns the ids of endpoints of every tenant after `after`, in order: for housekeeping.
pub async fn ids(on: On<'_>, after: Option<EndpointId>, limit: i64) -> Result<Vec<EndpointId>> {
    const SQL: &str = "SELECT id FROM endpoints WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(EndpointId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<(EndpointId,)> = on.sql(SQL, (after, limit)).all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Counts the enabled endpoints of all tenants that fail, and those of them whose circuit breaker is open.
pub(crate) async fn count_failing(on: On<'_>) -> Result<(i64, i64)> {
    const SQL: &str = "
        SELECT COUNT(*), COUNT(tripped_at) FROM endpoints
        WHERE failing_since IS NOT NULL AND disabled_at IS NULL AND deleted_at IS NULL";
    on.sql(SQL, ()).one().await
}

/// Finds the endpoint of a job, of any tenant: for the dispatcher. `None` while it is disabled or deleted.
pub(crate) async fn find_to_serve(on: On<'_>, id: EndpointId) -> Result<Option<Endpoint>> {
    const SQL: &str = select!("WHERE id = $1 AND deleted_at IS NULL AND disabled_at IS NULL");
    on.sql(SQL, (id,)).opt().await
}

/// Returns the current revision of an endpoint; `None` while it is disabled or deleted.
pub async fn revision(on: On<'_>, id: EndpointId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT revision FROM endpoints WHERE id = $1 AND deleted_at IS NULL AND disabled_at IS NULL";
    let found: Option<(i64,)> = on.sql(SQL, (id,)).opt().await?;
    Ok(found.map(|(revision,)| revision))
}
