use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Ladder, PER_RUN};
use crate::{JobEntry, Lane, Queue, Queues};
use mainstay_db::{self as db, Db, KeyedRows, On, Sql, Tx};

/// Rows of one transaction.
const CHUNK: usize = 500;

/// Revives rows whose rung has come: they are pending and due, with their attempts counted from zero. Returns how many.
pub async fn revive(db: &Db, queues: &Queues, queue: &Queue, ladder: &Ladder, now: DateTime<Utc>) -> db::Result<u64> {
    const FIND: &str = "
        SELECT id FROM {t}
        WHERE {kind}state = 'dead' AND archived_at IS NULL AND revivals = $1 AND finished_at <= $2
        ORDER BY finished_at LIMIT $3";
    const REVIVE: &str = "
        WITH r (rid, known, now) AS ({rows})
        UPDATE {t} SET state = 'pending', attempts = 0, revivals = revivals + 1, due_at = r.now, finished_at = NULL {FROM r}
        WHERE {id = r.rid} AND state || '' = 'dead' AND archived_at IS NULL AND revivals = r.known
        RETURNING id, CAST({lane} AS BIGINT)";
    let mut left = PER_RUN;
    for (known, rung) in (0_i64..).zip(&ladder.0) {
        let args = (known, now - *rung, left);
        let found: Vec<(Uuid,)> = db.reader().sql(Sql::built(queue.sql(FIND)), args).all().await?;
        for chunk in found.chunks(CHUNK) {
            let rows = chunk.iter().map(|(id,)| (*id, known, now)).collect();
            let update = async |tx: &mut Tx| KeyedRows::built(queue.sql(REVIVE), rows).all(tx.on()).await;
            let revived: Vec<(Uuid, i64)> = db.background_transaction(update).await?;
            left -= revived.len() as i64;
            let entry = |&(id, lane): &(Uuid, i64)| JobEntry {
                id,
                due: now,
                lane: Lane::from_number(lane),
            };
            let entries: Vec<JobEntry> = revived.iter().map(entry).collect();
            // The rows are committed; if the push fails, the sweep finds them.
            drop(queues.push_entries(queue, &entries).await);
        }
        if left <= 0 {
            break;
        }
    }
    let revived = u64::try_from(PER_RUN - left).unwrap_or(0);
    metrics::counter!("mainstay_dead_letters_revived_total", "queue" => queue.name).increment(revived);
    Ok(revived)
}

/// Returns rows that have had all their revivals, or were refused for good, the longest dead first.
pub async fn archivable(db: &Db, queue: &Queue, ladder: &Ladder, limit: i64) -> db::Result<Vec<Uuid>> {
    const SQL: &str = "
        SELECT id FROM {t} WHERE {kind}state = 'dead' AND archived_at IS NULL AND revivals >= $1
        ORDER BY finished_at LIMIT $2";
    let args = (ladder.revivals(), limit);
    let found: Vec<(Uuid,)> = db.reader().sql(Sql::built(queue.sql(SQL)), args).all().await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Archives rows that are dead, and returns their ids.
pub async fn archive(on: On<'_>, queue: &Queue, ids: &[Uuid], now: DateTime<Utc>) -> db::Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (rid, now) AS ({rows})
        UPDATE {t} SET archived_at = r.now {FROM r}
        WHERE {kind}{id = r.rid} AND state || '' = 'dead' AND archived_at IS NULL
        RETURNING id";
    let rows = ids.iter().map(|id| (*id, now)).collect();
    let archived: Vec<(Uuid,)> = KeyedRows::built(queue.sql(SQL), rows).all(on).await?;
    metrics::counter!("mainstay_dead_letters_archived_total", "queue" => queue.name).increment(archived.len() as u64);
    Ok(archived.into_iter().map(|(id,)| id).collect())
}
