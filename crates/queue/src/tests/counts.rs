use chrono::{DateTime, TimeDelta, Utc};
use mainstay_test_macros::both_sizes;

use super::{fixture::QueueFixture, test_job::TEST_QUEUE};
use crate::{Queue, counts};

const OTHER: Queue = Queue::new("other", "lab");

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 / 60 * 60, 0).expect("a valid time")
}

async fn add(fixture: &QueueFixture, queue: &Queue, at: DateTime<Utc>, done: i64, failed: i64) {
    counts::add(fixture.db.writer(), queue, at, done, failed)
        .await
        .expect("it is counted");
}

#[both_sizes]
async fn folding_keeps_the_sums(fixture: QueueFixture) {
    for minutes in 0..300 {
        add(&fixture, &TEST_QUEUE, noon() - TimeDelta::minutes(minutes), 3, 1).await;
        add(&fixture, &OTHER, noon() - TimeDelta::minutes(minutes), 1, 0).await;
    }
    let (a, b) = tokio::join!(counts::fold(&fixture.db, noon()), counts::fold(&fixture.db, noon()));
    assert_eq!(a.expect("it folds") + b.expect("it folds"), 2 * (300 - 121));
    assert_eq!(fixture.totals().await, (900, 300));
    let other = counts::totals(&fixture.db, &OTHER).await.expect("counts are read");
    assert_eq!((other.done, other.failed), (300, 0));
    assert_eq!(counts::fold(&fixture.db, noon()).await.expect("it folds"), 0);
}

#[both_sizes]
async fn throughput_is_that_of_the_last_minute(fixture: QueueFixture) {
    add(&fixture, &TEST_QUEUE, noon() - TimeDelta::minutes(2), 1_000_000, 0).await;
    add(&fixture, &TEST_QUEUE, noon() - TimeDelta::seconds(1), 60, 0).await;
    add(&fixture, &TEST_QUEUE, noon(), 5, 0).await;
    for (seconds, expected) in [(0, 65.0), (15, 50.0), (45, 20.0), (60, 5.0), (120, 0.0)] {
        let at = noon() + TimeDelta::seconds(seconds);
        let found = counts::per_minute(&fixture.db, &TEST_QUEUE, at)
            .await
            .expect("counts are read");
        assert!((found - expected).abs() < 0.001, "after {seconds} s: {found}");
    }
}
