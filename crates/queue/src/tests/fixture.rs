//! A database with a test queue, and its workers.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::test_job::{TEST_QUEUE, TestHandler};
use crate::{
    Job, JobEntry, Lane, Queues, Workers,
    admin::{self, JobRow},
    counts,
};
use mainstay_core::clock::{Clock, uuid_at};
use mainstay_db::{Db, Rows, Sql};
use mainstay_test_servers::until;

const PATIENCE: Duration = Duration::from_secs(30);

/// A database with one queue table, and a driver.
pub struct QueueFixture {
    pub db: Db,
    pub queues: Queues,
    pub clock: Clock,
    folder: Option<PathBuf>,
}

impl QueueFixture {
    pub async fn embedded() -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-queue-{:016x}", rand::random::<u64>()));
        let db = Db::open(&format!("sqlite://{}/test.db", folder.display()), 1)
            .await
            .expect("SQLite opens");
        let clock = Clock::default();
        Self::of(db, Queues::in_memory(clock.clone()), clock, Some(folder)).await
    }

    pub async fn distributed() -> Self {
        Self::on_redis(&mainstay_test_servers::redis_url()).await
    }

    pub async fn on_redis(url: &str) -> Self {
        let db = Db::open(&mainstay_test_servers::postgres_url().await, 12)
            .await
            .expect("PostgreSQL answers");
        let clock = Clock::default();
        let prefix = format!("test-{:016x}", rand::random::<u64>());
        let queues = Queues::redis(url, &prefix, clock.clone()).expect("a URL of Redis");
        Self::of(db, queues, clock, None).await
    }

    async fn of(db: Db, queues: Queues, clock: Clock, folder: Option<PathBuf>) -> Self {
        db.migrate().await.expect("the migrations fit");
        for sql in [
            "CREATE TABLE lab (id UUID NOT NULL PRIMARY KEY, lane BIGINT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
                attempts BIGINT NOT NULL DEFAULT 0, due_at TIMESTAMPTZ NOT NULL, last_error TEXT, finished_at TIMESTAMPTZ,
                revivals BIGINT NOT NULL DEFAULT 0, archived_at TIMESTAMPTZ)",
            "CREATE INDEX lab_due ON lab (due_at, id) WHERE state IN ('pending', 'running')",
        ] {
            db.sql(sql, ()).run().await.expect("a table is made");
        }
        Self {
            db,
            queues,
            clock,
            folder,
        }
    }

    /// Simulates the start of a process after another died: memory is lost, and time has passed.
    pub fn restart(&mut self) {
        if !self.db.is_postgres() {
            self.queues = Queues::in_memory(self.clock.clone());
        }
        self.clock.advance(TimeDelta::seconds(3));
    }

    /// Stores rows without pushing them.
    pub async fn store(&self, count: usize, lane: Lane, due: DateTime<Utc>) -> Vec<Uuid> {
        const SQL: &str =
            "WITH r (rid, rlane, rdue) AS ({rows}) INSERT INTO lab (id, lane, due_at) SELECT rid, rlane, rdue FROM r";
        let now = self.clock.now();
        let ids: Vec<Uuid> = (0..count)
            .map(|n| uuid_at(now + TimeDelta::microseconds(n as i64)))
            .collect();
        let mut tx = self.db.begin().await.expect("a transaction begins");
        for ids in ids.chunks(10_000) {
            let rows = ids.iter().map(|id| (*id, lane as i64, due)).collect();
            Rows::new(SQL, rows).run(tx.on()).await.expect("rows are stored");
        }
        tx.commit().await.expect("rows are stored");
        ids
    }

    /// Stores rows due now and pushes them.
    pub async fn enqueue(&self, count: usize) -> Vec<Uuid> {
        let now = self.clock.now();
        let ids = self.store(count, Lane::Normal, now).await;
        self.queues
            .push(&TEST_QUEUE, ids.iter().copied(), now)
            .await
            .expect("the driver takes them");
        ids
    }

    pub fn entry(&self, id: Uuid, lane: Lane) -> JobEntry {
        JobEntry {
            id,
            due: self.clock.now(),
            lane,
        }
    }

    pub async fn row(&self, id: Uuid) -> JobRow {
        admin::job(&self.db, &TEST_QUEUE, id)
            .await
            .expect("a row is read")
            .expect("there is such a row")
    }

    pub async fn in_state(&self, state: &str) -> i64 {
        let sql = Sql::built(format!("SELECT COUNT(*) FROM lab WHERE state = '{state}'"));
        let (count,): (i64,) = self.db.reader().sql(sql, ()).one().await.expect("rows are counted");
        count
    }

    pub async fn until_state(&self, state: &str, count: usize) {
        let what = format!("{count} rows are {state}");
        until(&what, PATIENCE, async || self.in_state(state).await == count as i64).await;
    }

    pub async fn totals(&self) -> (i64, i64) {
        let totals = counts::totals(&self.db, &TEST_QUEUE).await.expect("counts are read");
        (totals.done, totals.failed)
    }

    pub async fn until_driver_is_empty(&self) {
        until("the driver holds nothing", PATIENCE, async || {
            let depth = self.queues.depth(&TEST_QUEUE).await.expect("the driver answers");
            depth.waiting() + depth.in_flight == 0
        })
        .await;
    }

    /// Starts workers as a process would.
    pub fn start<J: Job<Context = TestHandler>>(&self, handler: &TestHandler) -> RunningWorkers {
        self.start_with::<J>(handler, Duration::from_secs(25))
    }

    pub fn start_with<J: Job<Context = TestHandler>>(
        &self,
        handler: &TestHandler,
        drain_limit: Duration,
    ) -> RunningWorkers {
        let workers = Workers::new(
            handler.clone(),
            self.db.clone(),
            self.queues.clone(),
            self.clock.clone(),
        );
        let shutdown = CancellationToken::new();
        let run = workers.register::<J>().drain_limit(drain_limit).run(shutdown.clone());
        #[expect(clippy::disallowed_methods, reason = "the test waits for it")]
        let task = tokio::spawn(async move { run.await.expect("no part of it panics") });
        RunningWorkers { shutdown, task }
    }
}

impl Drop for QueueFixture {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            drop(std::fs::remove_dir_all(folder));
        }
    }
}

pub struct RunningWorkers {
    pub shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningWorkers {
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("it ends in good order");
    }

    /// Ends them as kill -9 would: nothing more is written.
    pub async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }
}
