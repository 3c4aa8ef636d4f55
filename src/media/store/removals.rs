use chrono::{DateTime, Utc};

use crate::db::{On, Result, Rows};

/// Schedules the removal of files; an earlier schedule wins.
pub(crate) async fn schedule_removal(on: On<'_>, keys: &[String], due: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (key, due_at) AS ({rows})
        INSERT INTO storage_removals (key, due_at)
        SELECT key, due_at FROM r
        WHERE true
        ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at WHERE storage_removals.due_at > excluded.due_at";
    Rows::new(SQL, keys.iter().map(|key| (key.clone(), due)).collect())
        .run(on)
        .await
}

/// Cancels scheduled removals, because a row owns the files now. Returns the number of cancelled ones; a file whose removal is missing or
/// due may be gone.
pub(crate) async fn cancel_removal(on: On<'_>, keys: &[String], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (key, now) AS ({rows})
        DELETE FROM storage_removals
        WHERE EXISTS (SELECT 1 FROM r WHERE r.key = storage_removals.key AND storage_removals.due_at > r.now)";
    Rows::new(SQL, keys.iter().map(|key| (key.clone(), now)).collect())
        .run(on)
        .await
}

pub(crate) async fn due_removals(on: On<'_>, now: DateTime<Utc>, limit: i64) -> Result<Vec<(String,)>> {
    const SQL: &str = "SELECT key FROM storage_removals WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    on.sql(SQL, (now, limit)).all().await
}

/// Deletes the schedules of removed files.
pub(crate) async fn complete_removals(on: On<'_>, keys: &[String]) -> Result<u64> {
    const SQL: &str = "
        WITH r (key) AS ({rows})
        DELETE FROM storage_removals WHERE EXISTS (SELECT 1 FROM r WHERE r.key = storage_removals.key)";
    Rows::new(SQL, keys.iter().map(|key| (key.clone(),)).collect())
        .run(on)
        .await
}
