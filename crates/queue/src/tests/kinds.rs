//! Queues that share a table by kind.

use std::time::Duration;

use mainstay_core::{
    clock::uuid_at,
    domain::{RawEventId, WorkState},
};
use mainstay_test_macros::both_sizes;
use uuid::Uuid;

use super::{fixture::QueueFixture, test_job::TestHandler};
use crate::{
    Claim, Job, Outcomes, Queue,
    admin::{self, JobState},
};
use mainstay_test_servers::soon;

const PAINT: Queue = Queue::of_kind("painting", "chores", "paint");
const SWEEP: Queue = Queue::of_kind("sweeping", "chores", "sweep");

/// A leased job that paints, or sweeps.
struct Chore<const PAINTS: bool>;

impl<const PAINTS: bool> Job for Chore<PAINTS> {
    const QUEUE: Queue = if PAINTS { PAINT } else { SWEEP };
    const CONCURRENCY: usize = 1;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const LEASE: Duration = Duration::from_secs(2);
    type Id = RawEventId;
    type Context = TestHandler;

    async fn run(handler: &TestHandler, ids: &[RawEventId]) -> Outcomes<RawEventId> {
        handler.handle(ids).await
    }
}

async fn chores(fixture: &QueueFixture) {
    for sql in [
        "CREATE TABLE chores (id UUID NOT NULL PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
            attempts BIGINT NOT NULL DEFAULT 0, due_at TIMESTAMPTZ NOT NULL, last_error TEXT, finished_at TIMESTAMPTZ,
            revivals BIGINT NOT NULL DEFAULT 0, archived_at TIMESTAMPTZ)",
        "CREATE INDEX chores_due ON chores (kind, due_at, id) WHERE state IN ('pending', 'running')",
    ] {
        fixture.db.sql(sql, ()).run().await.expect("the table is made");
    }
}

/// Stores a row that nobody pushes, due a while ago.
async fn store(fixture: &QueueFixture, kind: &str) -> Uuid {
    let due = fixture.clock.now() - chrono::TimeDelta::seconds(5);
    let id = uuid_at(due);
    let sql = "INSERT INTO chores (id, kind, due_at) VALUES ($1, $2, $3)";
    let stored = fixture.db.sql(sql, (id, kind.to_owned(), due)).run().await;
    stored.expect("it is stored");
    id
}

async fn listed(fixture: &QueueFixture, queue: &Queue, state: JobState) -> Vec<Uuid> {
    let now = fixture.clock.now();
    let rows = admin::jobs(&fixture.db, queue, state, 10, None, now).await;
    rows.expect("they are listed").into_iter().map(|row| row.id).collect()
}

#[both_sizes]
async fn each_kind_is_a_queue_of_its_own(fixture: QueueFixture) {
    chores(&fixture).await;
    let (paint, sweep) = (store(&fixture, "paint").await, store(&fixture, "sweep").await);
    let (db, now) = (&fixture.db, fixture.clock.now());
    for (queue, id) in [(&PAINT, paint), (&SWEEP, sweep)] {
        let stats = admin::stats(db, &fixture.queues, queue, now)
            .await
            .expect("they are read");
        assert_eq!((stats.pending, stats.scheduled), (1, 0), "{}", queue.name);
        assert_eq!(listed(&fixture, queue, JobState::Pending).await, [id]);
    }
    assert_eq!(admin::job(db, &PAINT, sweep).await.expect("it reads"), None);
    let discarded = admin::discard(db, &PAINT, &[sweep], now).await;
    assert_eq!(
        discarded.expect("it runs"),
        Vec::<Uuid>::new(),
        "it belongs to the other queue"
    );
    let retried = admin::retry(db, &fixture.queues, &PAINT, &[sweep], now).await;
    assert_eq!(
        retried.expect("it runs"),
        Vec::<Uuid>::new(),
        "it belongs to the other queue"
    );

    let handler = TestHandler::done();
    let workers = fixture.start::<Chore<true>>(&handler);
    soon("it is painted", async || {
        listed(&fixture, &PAINT, JobState::Done).await == [paint]
    })
    .await;
    workers.stop().await;
    assert_eq!(handler.ran(), [paint], "the sweep of one kind finds no other");
    assert_eq!(listed(&fixture, &SWEEP, JobState::Pending).await, [sweep]);

    let workers = fixture.start::<Chore<false>>(&handler);
    soon("it is swept", async || {
        listed(&fixture, &SWEEP, JobState::Done).await == [sweep]
    })
    .await;
    workers.stop().await;
    let swept = admin::job(db, &SWEEP, sweep)
        .await
        .expect("it reads")
        .expect("it is there");
    assert_eq!((swept.state, swept.attempts), (WorkState::Done, 1));
}
