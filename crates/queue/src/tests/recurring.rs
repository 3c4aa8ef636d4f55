//! Rows that never end: requests, wake-ups, leases that went to others, and failures without end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_test_macros::both_sizes;
use uuid::Uuid;

use super::{fixture::QueueFixture, test_job::TestHandler};
use crate::{
    Backoff, Claim, Job, Lease, Outcome, Outcomes, Queue, Recurring,
    admin::{self, JobRow},
    claim,
    recurring::{self, RecurringRow, UNTIL_WOKEN},
};
use mainstay_core::domain::{Id, RawEventId, TenantId, WorkState};
use mainstay_db::Tx;
use mainstay_test_servers::soon;

const ROUNDS: Queue =
    Queue::new("rounds", "rounds").recurring(Recurring::by_name("place").resting_while("place = 'shut'"));

/// A recurring job with a handler made of a closure, and with a limit of attempts that does not count.
struct Round;

impl Job for Round {
    const QUEUE: Queue = ROUNDS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const MAX_ATTEMPTS: i64 = 3;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(4), Duration::from_secs(3_600)).jitter(0.0);
    type Id = RawEventId;
    type Context = TestHandler;

    async fn run(handler: &TestHandler, ids: &[RawEventId]) -> Outcomes<RawEventId> {
        handler.handle(ids).await
    }
}

async fn table(fixture: &QueueFixture) {
    const SQL: &str = "
        CREATE TABLE rounds (id UUID NOT NULL PRIMARY KEY, tenant_id UUID NOT NULL, place TEXT NOT NULL, requested_at TIMESTAMPTZ,
            state TEXT NOT NULL DEFAULT 'pending', attempts BIGINT NOT NULL DEFAULT 0, due_at TIMESTAMPTZ NOT NULL,
            last_error TEXT, finished_at TIMESTAMPTZ,
                revivals BIGINT NOT NULL DEFAULT 0, archived_at TIMESTAMPTZ, UNIQUE (tenant_id, place))";
    fixture.db.sql(SQL, ()).run().await.expect("a table is made");
}

fn round(fixture: &QueueFixture, place: &str) -> RecurringRow {
    let tenant = TenantId::from_uuid(Uuid::nil());
    RecurringRow::named(fixture.clock.new_id::<RawEventId>(), tenant, place)
}

/// A row of its own that waits until it is woken.
async fn idle(fixture: &QueueFixture, place: &str) -> Uuid {
    let (row, now) = (round(fixture, place), fixture.clock.now());
    let made = recurring::ensure(fixture.db.writer(), &ROUNDS, &[row], now, now + UNTIL_WOKEN).await;
    made.expect("it is stored")[0]
}

async fn read(fixture: &QueueFixture, id: Uuid) -> JobRow {
    let row = admin::job(&fixture.db, &ROUNDS, id).await.expect("a row is read");
    row.expect("there is such a row")
}

/// Makes the row due and takes it, as a worker does.
async fn take(fixture: &QueueFixture, id: Uuid) -> Lease {
    let now = fixture.clock.now();
    recurring::wake(fixture.db.writer(), &ROUNDS, &[id], now)
        .await
        .expect("it is woken");
    let until = now + TimeDelta::seconds(15);
    claim(fixture.db.writer(), &ROUNDS, &[id], until, now)
        .await
        .expect("it is claimed")[0]
}

async fn reschedule(
    fixture: &QueueFixture,
    lease: Lease,
    began: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    recurring::reschedule(fixture.db.writer(), &ROUNDS, lease, began, next)
        .await
        .expect("the database answers")
}

#[both_sizes]
async fn a_row_is_made_once_and_only_requests_change_it(fixture: QueueFixture) {
    table(&fixture).await;
    let now = fixture.clock.now();
    let id = idle(&fixture, "north").await;
    let again = [round(&fixture, "north"), round(&fixture, "south")];
    let made = recurring::ensure(fixture.db.writer(), &ROUNDS, &again, now, now).await;
    assert_eq!(made.expect("it is stored"), [again[1].id]);
    let due = read(&fixture, id).await.due_at;
    assert!(due >= now + UNTIL_WOKEN, "{due}");
    let soon = now + TimeDelta::seconds(5);
    for due in [soon, soon + TimeDelta::seconds(1)] {
        let asked = recurring::request(fixture.db.writer(), &ROUNDS, round(&fixture, "north"), now, due).await;
        asked.expect("it is stored");
        assert_eq!(read(&fixture, id).await.due_at, soon);
    }
}

#[both_sizes]
async fn a_request_during_a_run_is_followed_by_another_run(fixture: QueueFixture) {
    table(&fixture).await;
    let id = idle(&fixture, "north").await;
    let lease = take(&fixture, id).await;
    let began = fixture.clock.now();
    let next = began + TimeDelta::days(1);
    fixture.clock.advance(TimeDelta::seconds(1));
    let asked = fixture.clock.now();
    let request = recurring::request(fixture.db.writer(), &ROUNDS, round(&fixture, "north"), asked, asked).await;
    request.expect("it is stored");
    assert_eq!(read(&fixture, id).await.state, WorkState::Running, "it stays in hand");
    assert_eq!(reschedule(&fixture, lease, began, next).await, Some(asked));
    let lease = take(&fixture, id).await;
    let began = asked + TimeDelta::microseconds(1);
    assert_eq!(reschedule(&fixture, lease, began, next).await, Some(next));
}

#[both_sizes]
async fn a_lease_that_went_to_another_reschedules_nothing(fixture: QueueFixture) {
    table(&fixture).await;
    let id = idle(&fixture, "north").await;
    let lost = take(&fixture, id).await;
    let named = RawEventId::from_uuid(id);
    let held = async || {
        recurring::lease(fixture.db.writer(), &ROUNDS, named)
            .await
            .expect("it is read")
    };
    assert_eq!(held().await, Some(lost));
    const TAKEN_OVER: &str = "UPDATE rounds SET attempts = attempts + 1";
    fixture.db.sql(TAKEN_OVER, ()).run().await.expect("it is taken over");
    let now = fixture.clock.now();
    assert_eq!(reschedule(&fixture, lost, now, now).await, None);
    let current = held().await.expect("another has it");
    for (lease, holds) in [(lost, false), (current, true)] {
        let hold = async |tx: &mut Tx| recurring::hold(tx, &ROUNDS, lease).await;
        assert_eq!(fixture.db.transaction(hold).await.expect("it is read"), holds);
    }
    assert!(reschedule(&fixture, current, now, now).await.is_some());
    assert_eq!(held().await, None, "nobody has it");
}

#[both_sizes]
async fn idle_rows_are_woken_and_others_keep_their_time(fixture: QueueFixture) {
    table(&fixture).await;
    let now = fixture.clock.now();
    let [idling, failed, in_hand, ended, resting] = [
        idle(&fixture, "idle").await,
        idle(&fixture, "failed").await,
        idle(&fixture, "in hand").await,
        idle(&fixture, "ended").await,
        idle(&fixture, "shut").await,
    ];
    take(&fixture, in_hand).await;
    for sql in [
        "UPDATE rounds SET attempts = 2 WHERE place = 'failed'",
        "UPDATE rounds SET state = 'discarded' WHERE place = 'ended'",
    ] {
        fixture.db.sql(sql, ()).run().await.expect("it is changed");
    }
    let all = [idling, failed, in_hand, ended, resting];
    let mut woken = recurring::wake(fixture.db.writer(), &ROUNDS, &all, now)
        .await
        .expect("they are woken");
    woken.sort_unstable();
    let mut expected = [idling, ended];
    expected.sort_unstable();
    assert_eq!(woken, expected);
    for id in woken {
        let row = read(&fixture, id).await;
        assert_eq!((row.state.as_str(), row.due_at), ("pending", now));
    }
}

#[both_sizes]
async fn a_job_that_failed_fifty_times_runs_again_until_it_succeeds(fixture: QueueFixture) {
    const FAILED_OFTEN: &str = "UPDATE rounds SET attempts = 50, due_at = $1";
    table(&fixture).await;
    let id = idle(&fixture, "north").await;
    let now = fixture.clock.now();
    fixture.db.sql(FAILED_OFTEN, (now,)).run().await.expect("it is changed");
    let failing = async || {
        let count = recurring::count_failing(fixture.db.reader(), &ROUNDS).await;
        count.expect("they are counted")
    };
    assert_eq!(failing().await, 1);
    let db = fixture.db.clone();
    let handler = TestHandler::new(move |ids: Vec<RawEventId>| {
        let db = db.clone();
        async move {
            let lease = recurring::lease(db.writer(), &ROUNDS, ids[0])
                .await
                .expect("it is read");
            let lease = lease.expect("it is in hand");
            match lease.attempt {
                51 => Outcomes::failed("away for the day"),
                // What ends the jobs of other queues.
                52 => Outcomes::all(Outcome::discard("no such place")),
                53 => Outcomes::all(Outcome::quarantine("unknown place")),
                _ => {
                    let next = now + UNTIL_WOKEN;
                    let due = recurring::reschedule(db.writer(), &ROUNDS, lease, now, next).await;
                    assert_eq!(due.expect("it is stored"), Some(next));
                    Outcomes::settled()
                }
            }
        }
    });
    let workers = fixture.start::<Round>(&handler);
    for (attempts, error) in [(51, "away for the day"), (52, "no such place"), (53, "unknown place")] {
        soon("it has failed again", async || {
            let row = read(&fixture, id).await;
            (row.state.as_str(), row.attempts) == ("pending", attempts)
        })
        .await;
        let row = read(&fixture, id).await;
        assert_eq!(row.last_error.as_deref(), Some(error));
        assert_eq!(failing().await, 1);
        let rest = row.due_at - fixture.clock.now();
        assert!(rest <= TimeDelta::hours(1), "the backoff has a cap: {rest}");
        fixture.clock.advance(TimeDelta::hours(1));
    }
    soon("it has succeeded", async || read(&fixture, id).await.attempts == 0).await;
    assert_eq!(read(&fixture, id).await.last_error, None);
    assert_eq!(failing().await, 0);
    assert_eq!(handler.ran(), [id; 4]);
    workers.stop().await;
}
