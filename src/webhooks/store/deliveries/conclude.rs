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
    /// Of the delivery, when the attempt was begun.
    pub attempts_before: i64,
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
/// as it is. What somebody asked for again while the attempt was under way is still to be made, with the whole schedule before it. Of a
/// delivery that is gone nothing is kept: its row is locked or gone before the attempt is written.
pub async fn conclude(tx: &mut Tx, ended: &[Ended]) -> Result<()> {
    const ATTEMPTS: &str = "
        WITH r (delivery_id, endpoint_id, number, tenant_id, started_at, duration_us, outcome, http_status, error, answer) AS ({rows})
        INSERT INTO delivery_attempts (delivery_id, number, tenant_id, started_at, duration_us, outcome, http_status, error, answer)
        SELECT delivery_id, number, tenant_id, started_at, duration_us, outcome, http_status, error, answer FROM r
        WHERE (SELECT d.id FROM deliveries d WHERE d.endpoint_id = r.endpoint_id AND d.id = r.delivery_id) IS NOT NULL
        ON CONFLICT DO NOTHING";
    const DELIVERIES: &str = "
        WITH r (rendpoint, rid, rnumber, rbefore, rstate, rdue, rfinished, rstatus, rerror) AS ({rows})
        UPDATE deliveries
        SET state = CASE WHEN attempts_before = r.rbefore THEN r.rstate ELSE state END,
            due_at = CASE WHEN attempts_before = r.rbefore THEN r.rdue ELSE due_at END,
            finished_at = CASE WHEN attempts_before = r.rbefore THEN r.rfinished ELSE finished_at END,
            attempts_before = CASE WHEN attempts_before = r.rbefore THEN attempts_before ELSE r.rnumber END,
            attempts = r.rnumber, last_status = r.rstatus, last_error = r.rerror
        FROM r
        WHERE endpoint_id = r.rendpoint AND id = r.rid AND state || '' = 'pending' AND attempts = r.rnumber - 1";
    let attempt = |it: &Ended| {
        (
            it.delivery.uuid(),
            it.endpoint.uuid(),
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
            it.attempts_before,
            it.state.as_str().to_owned(),
            it.due_at,
            (it.state != DeliveryState::Pending).then_some(it.due_at),
            it.http_status,
            it.error.clone(),
        )
    };
    let mut rows: Vec<_> = ended.iter().map(delivery).collect();
    rows.sort_unstable_by_key(|row| (row.0, row.1));
    Rows::new(DELIVERIES, rows).run(&mut *tx).await?;
    let attempts = ended.iter().map(attempt).collect();
    Rows::new(ATTEMPTS, attempts).run(tx).await.map(drop)
}
