use chrono::{DateTime, Utc};

use crate::{
    db::{Result, Rows, Tx},
    domain::{DeliveryId, DeliveryState, EndpointId, Id, TenantId},
};

/// An attempt that was made, and what follows from it for its delivery.
#[derive(Clone, Debug)]
pub struct Ended {
    pub tenant: TenantId,
    pub endpoint: EndpointId,
    pub delivery: DeliveryId,
    /// 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    pub duration_us: i64,
    pub outcome: &'static str,
    pub http_status: Option<i64>,
    pub error: Option<String>,
    pub answer: Option<String>,
    pub state: DeliveryState,
    /// When it is tried again, or for one that is at its end, when that was.
    pub due_at: DateTime<Utc>,
}

/// Writes attempts and how their deliveries stand after them. What was known already, because somebody else made the same attempt, stays
/// as it is.
pub async fn conclude(tx: &mut Tx, ended: &[Ended]) -> Result<()> {
    const ATTEMPTS: &str = "
        WITH r (delivery_id, number, tenant_id, started_at, duration_us, outcome, http_status, error, answer) AS ({rows})
        INSERT INTO delivery_attempts (delivery_id, number, tenant_id, started_at, duration_us, outcome, http_status, error, answer)
        SELECT delivery_id, number, tenant_id, started_at, duration_us, outcome, http_status, error, answer FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    const DELIVERIES: &str = "
        WITH r (rendpoint, rid, rnumber, rstate, rdue, rfinished, rstatus, rerror) AS ({rows})
        UPDATE deliveries
        SET state = r.rstate, attempts = r.rnumber, due_at = r.rdue, finished_at = r.rfinished, last_status = r.rstatus,
            last_error = r.rerror
        FROM r
        WHERE endpoint_id = r.rendpoint AND id = r.rid AND state || '' = 'pending' AND attempts = r.rnumber - 1";
    let attempt = |it: &Ended| {
        (
            it.delivery.uuid(),
            it.number,
            it.tenant.uuid(),
            it.started_at,
            it.duration_us,
            it.outcome.to_owned(),
            it.http_status,
            it.error.clone(),
            it.answer.clone(),
        )
    };
    let delivery = |it: &Ended| {
        (
            it.endpoint.uuid(),
            it.delivery.uuid(),
            it.number,
            it.state.as_str().to_owned(),
            it.due_at,
            (it.state != DeliveryState::Pending).then_some(it.due_at),
            it.http_status,
            it.error.clone(),
        )
    };
    Rows::new(ATTEMPTS, ended.iter().map(attempt).collect())
        .run(&mut *tx)
        .await?;
    let mut rows: Vec<_> = ended.iter().map(delivery).collect();
    rows.sort_unstable_by_key(|row| (row.0, row.1));
    Rows::new(DELIVERIES, rows).run(tx).await.map(drop)
}
