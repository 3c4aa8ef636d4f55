use uuid::Uuid;

use crate::{
    db::{Hint, On, Result, Rows, Tx},
    domain::{EventConsumerId, Id, TenantId},
    queue::{Queue, Recurring},
};

/// The queue of cursors with events to be consumed.
pub const CONSUMERS: Queue = Queue::new("consumers", "event_consumers").recurring(Recurring::by_name("consumer"));

/// The cursor of a consumer over a tenant's events.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct ConsumerCursor {
    pub id: EventConsumerId,
    pub tenant_id: TenantId,
    pub consumer: String,
    /// The last sequence consumed.
    pub sequence: i64,
}

macro_rules! columns {
    () => {
        "id, tenant_id, consumer, sequence"
    };
}

pub(super) async fn find(on: On<'_>, id: EventConsumerId) -> Result<Option<ConsumerCursor>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM event_consumers WHERE id = $1");
    on.sql(SQL, (id,)).opt().await
}

pub(super) async fn of_tenants(on: On<'_>, tenants: &[TenantId]) -> Result<Vec<ConsumerCursor>> {
    const SQL: &str = "
        WITH r (tenant_id) AS ({rows})
        SELECT c.id, c.tenant_id, c.consumer, c.sequence
        FROM r CROSS JOIN event_consumers c
        WHERE c.tenant_id = r.tenant_id";
    let rows = tenants.iter().map(|tenant| (tenant.uuid(),)).collect();
    Rows::new(SQL, rows).all(on).await
}

/// Returns whether there are events after the cursor.
pub(super) async fn lags(on: On<'_>, id: EventConsumerId) -> Result<bool> {
    const SQL: &str = "
        SELECT COUNT(*) FROM event_consumers c
        JOIN event_cursors e ON e.tenant_id = c.tenant_id
        WHERE c.id = $1 AND e.last_sequence > c.sequence";
    let (lagging,): (i64,) = on.sql(SQL, (id,)).one().await?;
    Ok(lagging > 0)
}

/// Returns the tenants with events that one of these consumers has not consumed.
pub(super) async fn lagging_tenants(
    on: On<'_>,
    consumers: impl Iterator<Item = &'static str>,
) -> Result<Vec<TenantId>> {
    const SQL: &str = "
        WITH r (consumer) AS ({rows})
        SELECT e.tenant_id
        FROM r CROSS JOIN event_cursors e
        LEFT JOIN event_consumers c ON c.tenant_id = e.tenant_id AND c.consumer = r.consumer
        WHERE e.last_sequence > COALESCE(c.sequence, 0)";
    let rows = consumers.map(|name| (name.to_owned(),)).collect();
    let lagging: Vec<(TenantId,)> = Rows::new(SQL, rows).all(on).await?;
    Ok(lagging.into_iter().map(|(tenant,)| tenant).collect())
}

/// Advances a cursor. The transaction holds its row.
pub(super) async fn advance(tx: &mut Tx, id: EventConsumerId, sequence: i64) -> Result<()> {
    const SQL: &str = "UPDATE event_consumers SET sequence = $2 WHERE id = $1";
    tx.sql(SQL, (id, sequence)).run().await.map(drop)
}

/// Hints after the commit at tenants whose events are appended.
pub(crate) fn hint_consumers(tx: &mut Tx, tenants: impl IntoIterator<Item = Uuid>) {
    for id in tenants {
        tx.hint(Hint {
            queue: CONSUMERS.name,
            id,
        });
    }
}
