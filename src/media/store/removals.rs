use chrono::{DateTime, Utc};

use crate::db::{On, Result, Rows};

/// Notes files to be removed from the store from a time on; the later of two times would come too late for one of them, so the earlier
/// holds.
pub async fn plan(on: impl Into<On<'_>>, keys: &[String], due: DateTime<Utc>) -> Result<u64> {
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

/// Takes the notes back: the files belong to somebody from now on. Answers how many were there to be taken back; where one is missing or
/// due, the file may be gone.
pub async fn take_back(on: impl Into<On<'_>>, keys: &[String], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (key, now) AS ({rows})
        DELETE FROM storage_removals
        WHERE EXISTS (SELECT 1 FROM r WHERE r.key = storage_removals.key AND storage_removals.due_at > r.now)";
    Rows::new(SQL, keys.iter().map(|key| (key.clone(), now)).collect())
        .run(on)
        .await
}

pub async fn due(on: impl Into<On<'_>>, now: DateTime<Utc>, limit: i64) -> Result<Vec<(String,)>> {
    const SQL: &str = "SELECT key FROM storage_removals WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    on.into().sql(SQL, (now, limit)).all().await
}

/// Forgets files that are gone.
pub async fn removed(on: impl Into<On<'_>>, keys: &[String]) -> Result<u64> {
    const SQL: &str = "
        WITH r (key) AS ({rows})
        DELETE FROM storage_removals WHERE EXISTS (SELECT 1 FROM r WHERE r.key = storage_removals.key)";
    Rows::new(SQL, keys.iter().map(|key| (key.clone(),)).collect())
        .run(on)
        .await
}
