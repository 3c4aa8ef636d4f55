//! Stores finished attempts.

use chrono::{DateTime, Utc};

use crate::{
    db::{Result, Rows, Tx},
    domain::{DeliveryId, DeliveryState, EndpointId, Id, TenantId},
};

/// A finished attempt and its effect on the delivery.
#[derive(Clone, Debug)]
pub struct AttemptConclusion {
    pub tenant: TenantId,
    pub endpoint: EndpointId,
    pub delivery: DeliveryId,
    /// 1 is the first.
    pub number: i64,
    /// `attempts_before` of the delivery when the attempt was started.
    pub attempts_before: i64,
    pub started_at: DateTime<Utc>,
    pub duration_us: i64,
    pub outcome: &'static str,
    pub http_status: Option<i64>,
    pub error: Option<String>,
    pub answer: Option<String>,
    pub state: DeliveryState,
    /// When it is due again; for a finished delivery, when it finished.
    pub due_at: DateTime<Utc>,
}

/// Stores attempts and updates their deliveries.
///
/// - An attempt that another worker has stored already stays as it is.
/// - A delivery that was retried by request during the attempt stays pending, with a fresh retry schedule.
/// - An attempt of a deleted delivery is not stored: the delivery's row is locked, or found deleted, before the attempt is inserted.
pub async fn conclude(tx: &mut Tx, ended: &[AttemptConclusion]) -> Result<()> {
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
    let attempt = |it: &AttemptConclusion| {
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
    let delivery = |it: &AttemptConclusion| {
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
    Rows::new(DELIVERIES, rows).run(tx.on()).await?;
    let attempts = ended.iter().map(attempt).collect();
    Rows::new(ATTEMPTS, attempts).run(tx.on()).await.map(drop)
}
