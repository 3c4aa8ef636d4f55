//! Reads the state of a send for the API.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{HoldReason, MessageId, TenantId, WorkState},
};

/// The state of a send, for the API.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SendState {
    pub lane: i64,
    pub expires_at: Option<DateTime<Utc>>,
    /// State in the queue: `pending`, `running`, `quarantined`, `done`, `dead` or `discarded`.
    pub state: WorkState,
    /// Why it is held; see [`set_hold_reasons`](super::set_hold_reasons). `called` marks a send released from the daily limit.
    pub held: Option<HoldReason>,
    pub due_at: DateTime<Utc>,
}

/// Returns the state of a send; `None` for messages not sent from here, and for sends that retention has removed.
pub async fn find(on: On<'_>, tenant: TenantId, message: MessageId) -> Result<Option<SendState>> {
    const SQL: &str = "
        SELECT lane, expires_at, state, held, due_at FROM sends WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, message)).opt().await
}
