//! What callers attach to the messages that they send, and progress of the messages of a batch.

use serde_json::value::RawValue;

use crate::{
    db::{On, Result},
    domain::{BatchId, Status, TenantId},
};

/// A caller's own words on a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Labels {
    /// Searchable.
    pub reference: Option<String>,
    /// A JSON object.
    pub metadata: Option<String>,
}

impl Labels {
    /// Returns the metadata as JSON.
    pub fn metadata(&self) -> Option<&RawValue> {
        serde_json::from_str(self.metadata.as_deref()?).ok()
    }
}

/// Counts the messages of a batch by status.
pub async fn count_batch(on: On<'_>, tenant: TenantId, batch: BatchId) -> Result<Vec<(Status, i64)>> {
    const SQL: &str = "
        SELECT status, COUNT(*) FROM messages WHERE tenant_id = $1 AND batch_id = $2 GROUP BY status ORDER BY status";
    on.sql(SQL, (tenant, batch)).all().await
}
