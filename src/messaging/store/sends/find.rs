use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{HoldReason, MessageId, TenantId},
};

/// The work of sending a message, as people see it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SendState {
    pub lane: i64,
    pub expires_at: Option<DateTime<Utc>>,
    /// Of the queue: `pending`, `running`, `quarantined`, `done`, `dead` or `discarded`.
    pub state: String,
    /// See [`hold`](super::hold); and `called`, of one that waits no longer.
    pub held: Option<HoldReason>,
    pub due_at: DateTime<Utc>,
}

/// The work of sending a message; `None` for those that were not sent from here, and for those whose work was removed for its age.
pub async fn find(on: impl Into<On<'_>>, tenant: TenantId, message: MessageId) -> Result<Option<SendState>> {
    const SQL: &str = "
        SELECT lane, expires_at, state, held, due_at FROM sends WHERE tenant_id = $1 AND id = $2";
    on.into().sql(SQL, (tenant, message)).opt().await
}
