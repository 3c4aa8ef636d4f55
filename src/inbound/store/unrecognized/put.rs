use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{Id, RawEventId},
};

/// An unrecognized item of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecognized {
    pub raw_event_id: RawEventId,
    /// JSON pointer into the body; empty for the whole body.
    pub path: String,
    pub field: String,
    /// A stable word, such as `unknown_field`.
    pub reason: String,
}

/// Records unrecognized items.
pub async fn put(on: On<'_>, items: &[Unrecognized], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (raw_event_id, path, field, reason, seen_at) AS ({rows})
        INSERT INTO unrecognized_items (raw_event_id, path, field, reason, seen_at)
        SELECT raw_event_id, path, field, reason, seen_at FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let row = |item: &Unrecognized| {
        let id: Uuid = item.raw_event_id.uuid();
        (id, item.path.clone(), item.field.clone(), item.reason.clone(), now)
    };
    Rows::new(SQL, items.iter().map(row).collect()).run(on).await
}
