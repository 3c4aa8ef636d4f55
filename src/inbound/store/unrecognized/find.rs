use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::RawEventId,
};

/// Number of unrecognized items of a field, with the times of the first and last.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UnrecognizedCount {
    pub field: String,
    pub items: i64,
    pub(crate) first_seen_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
}

/// An unrecognized item. Its bytes are in the raw event, at `path`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UnrecognizedItem {
    pub raw_event_id: RawEventId,
    pub path: String,
    pub field: String,
    pub reason: String,
    pub(crate) seen_at: DateTime<Utc>,
}

/// Keyset cursor of a field's list.
pub type UnrecognizedCursor = (DateTime<Utc>, RawEventId, String);

/// Counts the items of each field, the most frequent first. For the operator.
pub async fn counts(on: On<'_>) -> Result<Vec<UnrecognizedCount>> {
    const SQL: &str = "
        SELECT field, COUNT(*) AS items, MIN(seen_at) AS first_seen_at, MAX(seen_at) AS last_seen_at
        FROM unrecognized_items
        GROUP BY field
        ORDER BY COUNT(*) DESC, field";
    on.sql(SQL, ()).all().await
}

/// Lists the items of one field, newest first. For the operator.
pub async fn list(
    on: On<'_>,
    field: &str,
    before: Option<UnrecognizedCursor>,
    limit: i64,
) -> Result<Vec<UnrecognizedItem>> {
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
        None => on.sql(FIRST, (field, limit)).all().await,
        Some((seen_at, id, path)) => on.sql(NEXT, (field, limit, seen_at, id, path)).all().await,
    }
}
