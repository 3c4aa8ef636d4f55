//! Finds deliveries and their attempts.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Sql},
    domain::{DeliveryId, DeliveryState, EndpointId, EventId, Id, TenantId},
    webhooks::store::endpoints::EndpointKey,
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: EndpointId,
    pub event_id: EventId,
    #[sqlx(rename = "type")]
    pub kind: String,
    /// See [`DeliveryState`].
    pub state: DeliveryState,
    pub attempts: i64,
    /// While pending: when it is due next.
    pub due_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// HTTP status of the last attempt.
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeliveryAttempt {
    /// 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    pub duration_us: i64,
    /// `succeeded`, `status`, `redirect`, `timeout`, `unreachable`, `refused` or `expired`.
    pub outcome: String,
    pub http_status: Option<i64>,
    pub error: Option<String>,
    /// The first 4 KB of the answer.
    pub answer: Option<String>,
}

/// Selects deliveries of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub state: Option<DeliveryState>,
    pub event_type: Option<String>,
}

/// A page of deliveries, and where the next one begins. A short page may have a next one, since a page examines a limited number of rows.
#[derive(Clone, Debug)]
pub struct DeliveryPage {
    pub deliveries: Vec<Delivery>,
    pub next: Option<DeliveryId>,
}

/// Maximum number of deliveries that one page examines.
const LOOK: i64 = 20_000;

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.endpoint_id, d.event_id, d.type, d.state, d.attempts, d.due_at, d.created_at, d.finished_at, \
             d.last_status, d.last_error FROM ",
            $rest
        )
    };
}

/// Finds a delivery by its id alone: the key begins with the endpoint, and a tenant's endpoints are few.
pub async fn find(on: On<'_>, tenant: TenantId, id: DeliveryId) -> Result<Option<Delivery>> {
    const SQL: &str = columns!(
        "endpoints e CROSS JOIN deliveries d
        WHERE e.tenant_id = $1 AND e.deleted_at IS NULL AND d.endpoint_id = e.id AND d.id = $2 AND d.tenant_id = $1"
    );
    on.sql(SQL, (tenant, id)).opt().await
}

/// Returns the attempts of a delivery, oldest first.
pub async fn attempts(on: On<'_>, tenant: TenantId, id: DeliveryId) -> Result<Vec<DeliveryAttempt>> {
    const SQL: &str = "
        SELECT number, started_at, duration_us, outcome, http_status, error, answer
        FROM delivery_attempts WHERE delivery_id = $2 AND tenant_id = $1 ORDER BY number";
    on.sql(SQL, (tenant, id)).all().await
}

/// Returns an endpoint's deliveries before `before`, those of the newest events first. Only a filtered page may be short though more follow.
pub async fn list(
    mut on: On<'_>,
    EndpointKey { tenant, id: endpoint }: EndpointKey,
    filter: &DeliveryFilter,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<DeliveryPage> {
    const REACH: &str = "
        SELECT id FROM deliveries WHERE endpoint_id = $1 AND tenant_id = $2 AND id < $3 ORDER BY id DESC LIMIT 1 OFFSET $4";
    const DEAD: &str = columns!(
        "deliveries d
        WHERE d.endpoint_id = $1 AND d.tenant_id = $2 AND d.id < $3 AND d.state = 'dead' AND ($4 = '' OR d.type = $4)
        ORDER BY d.id DESC LIMIT $5"
    );
    const SQL: &str = columns!(
        "deliveries d
        WHERE d.endpoint_id = $1 AND d.tenant_id = $2 AND d.id < $3 AND d.id >= $6
            AND ($4 = '' OR d.type = $4) AND ($7 = '' OR d.state || '' = $7)
        ORDER BY d.id DESC LIMIT $5"
    );
    let before = before.unwrap_or(DeliveryId::from_uuid(uuid::Uuid::max()));
    let kind = filter.event_type.clone().unwrap_or_default();
    if filter.state == Some(DeliveryState::Dead) {
        let args = (endpoint, tenant, before, kind, limit);
        let deliveries: Vec<Delivery> = on.sql(DEAD, args).all().await?;
        return Ok(page(deliveries, limit, None));
    }
    let state = filter.state.map_or("", DeliveryState::as_str).to_owned();
    let reach: Option<(DeliveryId,)> = match *filter == DeliveryFilter::default() {
        true => None,
        false => {
            let args = (endpoint, tenant, before, LOOK - 1);
            on.reborrow().sql(REACH, args).opt().await?
        }
    };
    let reach = reach.map(|(id,)| id);
    let since = reach.unwrap_or(DeliveryId::from_uuid(uuid::Uuid::nil()));
    let args = (endpoint, tenant, before, kind, limit, since, state);
    let deliveries: Vec<Delivery> = on.sql(Sql::from(SQL), args).all().await?;
    Ok(page(deliveries, limit, reach))
}

fn page(deliveries: Vec<Delivery>, limit: i64, reach: Option<DeliveryId>) -> DeliveryPage {
    let full = i64::try_from(deliveries.len()).is_ok_and(|count| count == limit);
    let last = deliveries.last().filter(|_| full).map(|it| it.id);
    DeliveryPage {
        next: last.or(reach),
        deliveries,
    }
}
