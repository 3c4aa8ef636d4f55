//! Markers: which jobs a worker has in flight in a queue whose rows stay `pending` while they run. See `migrations/0001_baseline/queues.sql`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{RowChange, apply_changes, open_rows, open_rows::OpenRow};
use crate::{Queue, counts};
use mainstay_core::domain::WorkState;
use mainstay_db::{self as db, Db, Rows, Sql, Tx};

/// Number of crashes of a suspected job after which it is dead.
pub const MAX_CRASHES: i64 = 3;
/// Stored as `last_error` of a suspected job, and of one that is dead after too many crashes.
const CRASHED: &str = "the process died while it worked on this";
const CRASHED_TOO_OFTEN: &str = "the process died each time it worked on this";

/// A marker of another worker.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Marker {
    pub id: Uuid,
    jobs: Vec<u8>,
    pub crashes: i64,
}

impl Marker {
    pub fn jobs(&self) -> impl Iterator<Item = Uuid> {
        self.jobs.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok())
    }

    /// Returns whether it stands for a single suspected job.
    pub fn is_single(&self) -> bool {
        self.jobs == self.id.as_bytes()
    }
}

/// A marker of this worker.
#[derive(Clone, Copy, Debug)]
pub struct MarkerOwner<'a> {
    pub marker: Uuid,
    pub worker: &'a str,
}

/// Marks jobs as in flight, replacing the marker's previous jobs. Written without an fsync: it has to survive a crash of the process, not
/// of the machine.
pub async fn put_marker(
    db: &Db,
    queue: &Queue,
    owner: MarkerOwner<'_>,
    jobs: &[Uuid],
    now: DateTime<Utc>,
) -> db::Result<()> {
    const SQLITE: &str = "
        INSERT INTO job_markers (id, queue, worker, jobs, started_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET jobs = excluded.jobs, started_at = excluded.started_at";
    const POSTGRES: &str = "
        INSERT INTO job_markers (id, queue, worker, jobs, started_at)
        SELECT $1, $2, $3, $4, $5 FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unflushed
        ON CONFLICT (id) DO UPDATE SET jobs = excluded.jobs, started_at = excluded.started_at";
    let args = (
        owner.marker,
        queue.name.to_owned(),
        owner.worker.to_owned(),
        bytes(jobs),
        now,
    );
    db.run_unflushed(Sql::each(SQLITE, POSTGRES), args).await.map(drop)
}

/// Returns the markers of other workers written before the given time.
pub async fn markers_of_other_workers(
    db: &Db,
    queue: &Queue,
    worker: &str,
    before: DateTime<Utc>,
) -> db::Result<Vec<Marker>> {
    const SQL: &str = "
        SELECT id, jobs, crashes FROM job_markers WHERE queue = $1 AND started_at <= $2 AND worker <> $3";
    let args = (queue.name.to_owned(), before, worker.to_owned());
    db.reader().sql(SQL, args).all().await
}

/// Splits markers: each of their jobs that is still open gets a marker of its own. A job that was marked alone has crashed once.
pub async fn split_markers(db: &Db, queue: &Queue, markers: &[Marker], now: DateTime<Utc>) -> db::Result<()> {
    const DELETE: &str = "
        WITH r (rid) AS ({rows}) DELETE FROM job_markers WHERE id IN (SELECT rid FROM r)";
    const INSERT: &str = "
        WITH r (id, queue, jobs, crashes, now) AS ({rows})
        INSERT INTO job_markers (id, queue, worker, jobs, crashes, started_at)
        SELECT id, queue, '', jobs, crashes, now FROM r
        WHERE true
        ON CONFLICT (id) DO NOTHING";
    let split = async |tx: &mut Tx| {
        let gone = markers.iter().map(|marker| (marker.id,)).collect();
        Rows::new(DELETE, gone).run(tx.on()).await?;
        for marker in markers {
            let jobs: Vec<Uuid> = marker.jobs().collect();
            let crashes = i64::from(jobs.len() == 1);
            let rows = open_rows(tx.on(), queue, &jobs).await?;
            let single = |id: Uuid| (id, queue.name.to_owned(), bytes(&[id]), crashes, now);
            let singles = rows.into_iter().map(|row| single(row.id)).collect();
            Rows::new(INSERT, singles).run(tx.on()).await?;
        }
        Ok(())
    };
    db.transaction(split).await
}

/// Counts a run of a suspected job before it begins and returns whether it may run. After [`MAX_CRASHES`] crashes the job is dead instead.
pub async fn begin_suspected_run(
    db: &Db,
    queue: &Queue,
    job: Uuid,
    worker: &str,
    now: DateTime<Utc>,
) -> db::Result<bool> {
    const COUNT: &str = "
        UPDATE job_markers SET crashes = crashes + 1, worker = $2, started_at = $3 WHERE id = $1 RETURNING crashes";
    let begin = async |tx: &mut Tx| {
        let count = tx.sql(COUNT, (job, worker.to_owned(), now));
        let counted: Option<(i64,)> = count.opt().await?;
        let is_dead = counted.is_some_and(|(crashes,)| crashes > MAX_CRASHES);
        let rows = open_rows(tx.on(), queue, &[job]).await?;
        let to = |row: OpenRow| RowChange {
            attempts: row.attempts + i64::from(!is_dead),
            state: if is_dead { WorkState::Dead } else { WorkState::Pending },
            last_error: Some(if is_dead { CRASHED_TOO_OFTEN } else { CRASHED }.to_owned()),
            finished_at: is_dead.then_some(now),
            is_refused: is_dead,
            ..RowChange::unchanged(row)
        };
        let changes: Vec<RowChange> = rows.into_iter().filter(|row| !row.is_running()).map(to).collect();
        let changed = apply_changes(tx.on(), queue, &changes).await?.len() as i64;
        if is_dead {
            remove_markers(tx.on(), &[job]).await?;
            counts::add(tx.on(), queue, now, 0, changed).await?;
            let dead = u64::try_from(changed).unwrap_or(0);
            metrics::counter!("mainstay_jobs_dead_total", "queue" => queue.name).increment(dead);
        }
        Ok(!is_dead && changed > 0)
    };
    db.transaction(begin).await
}

/// Removes markers of finished jobs.
pub async fn remove_markers(on: db::On<'_>, markers: &[Uuid]) -> db::Result<()> {
    const SQL: &str = "
        WITH r (rid) AS ({rows}) DELETE FROM job_markers WHERE id IN (SELECT rid FROM r)";
    Rows::new(SQL, markers.iter().map(|id| (*id,)).collect())
        .run(on)
        .await
        .map(drop)
}

/// Deletes abandoned markers, such as those of jobs that were finished although their process died.
pub async fn delete_stale_markers(db: &Db, before: DateTime<Utc>) -> db::Result<u64> {
    const SQL: &str = "DELETE FROM job_markers WHERE started_at < $1";
    db.sql(SQL, (before,)).run().await
}

fn bytes(ids: &[Uuid]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.into_bytes()).collect()
}
