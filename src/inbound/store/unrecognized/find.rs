use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::RawEventId,
};

/// How many items of a field were not understood, and when the first and the last of them came.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UnrecognizedCount {
    pub field: String,
    pub items: i64,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// One item. Its bytes are in the raw event, at the path.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UnrecognizedItem {
    pub raw_event_id: RawEventId,
    pub path: String,
    pub field: String,
    pub reason: String,
    pub seen_at: DateTime<Utc>,
}

/// Where an item stands in a list of its field.
pub type UnrecognizedCursor = (DateTime<Utc>, RawEventId, String);

/// For the operator: every field, the most frequent first.
pub async fn counts(on: impl Into<On<'_>>) -> Result<Vec<UnrecognizedCount>> {
    const SQL: &str = "
        SELECT field, COUNT(*) AS items, MIN(seen_at) AS first_seen_at, MAX(seen_at) AS last_seen_at
        FROM unrecognized_items
        GROUP BY field
        ORDER BY COUNT(*) DESC, field";
    on.into().sql(SQL, ()).all().await
}

/// For the operator: the items of one field, newest first.
pub async fn list(on: impl Into<On<'_>>, field: &str, before: Option<UnrecognizedCursor>, limit: i64) -> Result<Vec<UnrecognizedItem>> {
    const FIRST: &str = "
        SELECT raw_event_id, path, field, reason, seen_at
        FROM unrecognized_items
        WHERE field = $1
        ORDER BY seen_at DESC, raw_event_id DESC, path DESC
        LIMIT $2";
    const NEXT: &str = "
        SELECT raw_event_id, path, field, reason, seen_at
        FROM unrecognized_items
        WHERE field = $1 AND (seen_at, raw_event_id, path) < ($3, $4, $5)
        ORDER BY seen_at DESC, raw_event_id DESC, path DESC
        LIMIT $2";
    let field = field.to_owned();
    match before {
        None => on.into().sql(FIRST, (field, limit)).all().await,
        Some((seen_at, id, path)) => on.into().sql(NEXT, (field, limit, seen_at, id, path)).all().await,
    }
}
