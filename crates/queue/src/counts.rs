//! Counters of done and failed runs per minute. Each minute has several rows (shards), so that batches that end together do not wait for
//! each other's row locks. Old minutes are folded into minute 0, which keeps the totals exact and the table small.

use chrono::{DateTime, TimeDelta, Utc};

use super::Queue;
use mainstay_db::{self as db, Db, On};

const SHARDS: u8 = 16;
/// How long minutes are kept apart.
const KEEP: TimeDelta = TimeDelta::hours(2);

/// Totals of successful and failed runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub done: i64,
    pub failed: i64,
}

/// Adds to the counters in the handler's transaction. Call it last: the row stays locked until the commit.
pub async fn add(on: On<'_>, queue: &Queue, now: DateTime<Utc>, done: i64, failed: i64) -> db::Result<()> {
    if done == 0 && failed == 0 {
        return Ok(());
    }
    let shard = i64::from(rand::random_range(0..SHARDS));
    upsert(on, queue.name, now.timestamp().div_euclid(60), shard, done, failed).await
}

async fn upsert(on: On<'_>, queue: &str, minute: i64, shard: i64, done: i64, failed: i64) -> db::Result<()> {
    const SQL: &str = "
        INSERT INTO queue_counts (queue, minute, shard, done, failed) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (queue, minute, shard)
        DO UPDATE SET done = queue_counts.done + excluded.done, failed = queue_counts.failed + excluded.failed";
    on.sql(SQL, (queue.to_owned(), minute, shard, done, failed))
        .run()
        .await
        .map(drop)
}

/// Folds minutes older than two hours into minute 0 and returns the number of rows removed. Totals stay exact, also when several processes
/// fold at once.
pub async fn fold(db: &Db, now: DateTime<Utc>) -> db::Result<usize> {
    const SQL: &str = "DELETE FROM queue_counts WHERE minute > 0 AND minute < $1 RETURNING queue, done, failed";
    let before = (now - KEEP).timestamp().div_euclid(60);
    let mut tx = db.begin().await?;
    let old: Vec<(String, i64, i64)> = tx.sql(SQL, (before,)).all().await?;
    let mut sums = std::collections::BTreeMap::<&str, Totals>::new();
    for (queue, done, failed) in &old {
        let sum = sums.entry(queue).or_default();
        sum.done += done;
        sum.failed += failed;
    }
    for (queue, sum) in sums {
        upsert(tx.on(), queue, 0, 0, sum.done, sum.failed).await?;
    }
    tx.commit().await?;
    Ok(old.len())
}

/// Returns the totals since the beginning.
pub async fn totals(db: &Db, queue: &Queue) -> db::Result<Totals> {
    const SQL: &str = "
        SELECT CAST(COALESCE(SUM(done), 0) AS BIGINT), CAST(COALESCE(SUM(failed), 0) AS BIGINT)
        FROM queue_counts WHERE queue = $1";
    let (done, failed) = db.reader().sql(SQL, (queue.name.to_owned(),)).one().await?;
    Ok(Totals { done, failed })
}

/// Returns the successful runs of the last sixty seconds: the current minute, plus the share of the previous one that is still within sixty
/// seconds.
pub async fn per_minute(db: &Db, queue: &Queue, now: DateTime<Utc>) -> db::Result<f64> {
    const SQL: &str = "
        SELECT minute, CAST(SUM(done) AS BIGINT) FROM queue_counts
        WHERE queue = $1 AND minute IN ($2, $3) GROUP BY minute";
    let minute = now.timestamp().div_euclid(60);
    let args = (queue.name.to_owned(), minute, minute - 1);
    let rows: Vec<(i64, i64)> = db.reader().sql(SQL, args).all().await?;
    let share = 1.0 - (now.timestamp_millis().rem_euclid(60_000) as f64) / 60_000.0;
    Ok(rows
        .iter()
        .map(|&(of, done)| done as f64 * if of == minute { 1.0 } else { share })
        // The sum of nothing is -0.
        .fold(0.0, |sum, counted| sum + counted))
}
