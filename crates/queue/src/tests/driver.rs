//! The conformance suite of both drivers.

use std::time::{Duration, Instant};

use mainstay_test_macros::both_drivers;
use uuid::Uuid;

use crate::{
    Lane, Queue,
    driver::{FetchedIds, InFlightPolicy, QueueDriver},
};
use mainstay_test_servers::soon;

const QUEUE: Queue = Queue::new("ids", "no_table");
const LEASE: Duration = Duration::from_secs(30);
const MANY: usize = 1_000_000;

/// An empty driver.
struct Empty(QueueDriver);

impl Empty {
    async fn local() -> Self {
        Self(QueueDriver::in_memory())
    }

    async fn redis() -> Self {
        let prefix = format!("test-{:016x}", rand::random::<u64>());
        Self(QueueDriver::redis(&mainstay_test_servers::redis_url(), &prefix).expect("a URL of Redis"))
    }
}

fn ids<const N: usize>() -> [Uuid; N] {
    std::array::from_fn(|n| Uuid::from_u128((rand::random::<u128>() << 8) | n as u128))
}

async fn push(driver: &QueueDriver, entries: &[(Uuid, i64)]) -> usize {
    driver
        .push(&QUEUE, Lane::Normal, entries, MANY, InFlightPolicy::Ignore)
        .await
        .expect("it takes them")
        .new
}

async fn take(driver: &QueueDriver, now: i64, n: usize) -> FetchedIds {
    driver.fetch(&QUEUE, now, n, LEASE).await.expect("it answers")
}

fn taken(taken: &FetchedIds) -> Vec<Uuid> {
    taken.ids.iter().map(|(id, _)| *id).collect()
}

#[both_drivers]
async fn an_id_is_queued_once_and_the_earlier_time_holds(Empty(driver): Empty) {
    let [a, b] = ids();
    assert_eq!(push(&driver, &[(a, 500), (b, 100)]).await, 2);
    assert_eq!(push(&driver, &[(a, 900), (b, 200)]).await, 0);
    assert_eq!(push(&driver, &[(a, 50)]).await, 0);
    assert_eq!(driver.depth(&QUEUE).await.expect("it answers").lanes, [0, 2, 0]);
    assert_eq!(taken(&take(&driver, 50, 10).await), [a]);
    assert_eq!(taken(&take(&driver, 100, 10).await), [b]);
}

#[both_drivers]
async fn only_what_is_due_is_taken_and_the_oldest_first(Empty(driver): Empty) {
    let [a, b, c, d] = ids();
    push(&driver, &[(c, 300), (a, 100), (d, 400), (b, 200)]).await;
    let first = take(&driver, 300, 2).await;
    assert_eq!(taken(&first), [a, b]);
    assert_eq!((first.first_due_ms, first.next_due_ms), (Some(100), Some(300)));
    let second = take(&driver, 300, 2).await;
    assert_eq!(taken(&second), [c]);
    assert_eq!((second.first_due_ms, second.next_due_ms), (Some(300), Some(400)));
    let third = take(&driver, 399, 2).await;
    assert!(third.ids.is_empty() && third.lost.is_empty());
    assert_eq!((third.first_due_ms, third.next_due_ms), (None, Some(400)));
}

#[both_drivers]
async fn a_higher_lane_goes_first(Empty(driver): Empty) {
    let [low, normal, high] = ids();
    for (id, due, lane) in [(low, 1, Lane::Low), (normal, 2, Lane::Normal), (high, 3, Lane::High)] {
        driver
            .push(&QUEUE, lane, &[(id, due)], MANY, InFlightPolicy::Ignore)
            .await
            .expect("it takes them");
    }
    let all = take(&driver, 10, 2).await;
    assert_eq!(all.ids, [(high, Lane::High), (normal, Lane::Normal)]);
    assert_eq!(all.next_due_ms, Some(1));
    assert_eq!(take(&driver, 10, 2).await.ids, [(low, Lane::Low)]);
}

#[both_drivers]
async fn a_full_lane_turns_new_ids_away_and_no_other_lane(Empty(driver): Empty) {
    let [a, b, c, d] = ids();
    let pushed = driver
        .push(&QUEUE, Lane::Low, &[(a, 1), (b, 2), (c, 3)], 2, InFlightPolicy::Ignore)
        .await
        .expect("it answers");
    assert_eq!((pushed.new, pushed.dropped, pushed.depth), (2, 1, 2));
    let pushed = driver
        .push(&QUEUE, Lane::Low, &[(b, 2), (a, 1), (d, 4)], 3, InFlightPolicy::Ignore)
        .await
        .expect("it answers");
    assert_eq!((pushed.new, pushed.dropped, pushed.depth), (1, 0, 3));
    let pushed = driver
        .push(&QUEUE, Lane::High, &[(c, 1)], 2, InFlightPolicy::Ignore)
        .await
        .expect("it answers");
    assert_eq!((pushed.new, pushed.dropped, pushed.depth), (1, 0, 1));
}

#[both_drivers]
async fn in_a_full_lane_what_is_due_earlier_takes_the_place_of_what_is_due_last(Empty(driver): Empty) {
    let [a, b, c, d, e, f] = ids();
    assert_eq!(push(&driver, &[(a, 100), (b, 500), (c, 400)]).await, 3);
    // Room for one more; of the two that are left, one is due before a queued id.
    let more = [(f, 450), (d, 600), (e, 300), (a, 200)];
    let offered = driver
        .push(&QUEUE, Lane::Normal, &more, 4, InFlightPolicy::Ignore)
        .await;
    let offered = offered.expect("it answers");
    assert_eq!((offered.new, offered.dropped, offered.depth), (2, 2, 4));
    let all = take(&driver, 1_000, 10).await;
    assert_eq!(taken(&all), [a, e, c, f]);
    // Dropped ids may be pushed again.
    assert_eq!(push(&driver, &[(b, 500), (d, 600)]).await, 2);
}

#[both_drivers]
async fn an_id_in_flight_is_not_queued_again_until_it_is_settled(Empty(driver): Empty) {
    let [a, b] = ids();
    push(&driver, &[(a, 1), (b, 1)]).await;
    assert_eq!(take(&driver, 1, 10).await.ids.len(), 2);
    assert_eq!(push(&driver, &[(a, 1), (b, 1)]).await, 0);
    assert_eq!(driver.depth(&QUEUE).await.expect("it answers").in_flight, 2);
    let again = (b, 7, Lane::High);
    driver.settle(&QUEUE, &[a, b], &[again]).await.expect("it answers");
    assert_eq!(push(&driver, &[(a, 8)]).await, 1);
    let next = take(&driver, 7, 10).await;
    assert_eq!((next.ids, next.next_due_ms), (vec![(b, Lane::High)], Some(8)));
}

async fn recall(driver: &QueueDriver, lane: Lane, entries: &[(Uuid, i64)]) -> usize {
    let run_again = driver.push(&QUEUE, lane, entries, MANY, InFlightPolicy::RunAgain).await;
    run_again.expect("it answers").new
}

#[both_drivers]
async fn an_id_pushed_to_run_again_is_queued_when_it_is_settled(Empty(driver): Empty) {
    let [a, b, c, d] = ids();
    push(&driver, &[(a, 1), (b, 1), (c, 1)]).await;
    assert_eq!(take(&driver, 1, 10).await.ids.len(), 3);
    assert_eq!(recall(&driver, Lane::Normal, &[(a, 7), (b, 9)]).await, 0);
    assert_eq!(
        recall(&driver, Lane::Normal, &[(a, 5), (b, 11), (d, 20)]).await,
        1,
        "d is in no hand"
    );
    assert!(take(&driver, 10, 10).await.ids.is_empty(), "they are still in hand");
    driver.renew(&QUEUE, &[a, b, c], LEASE).await.expect("it answers");
    let mut wakeup = driver.wakeup(&QUEUE);
    wakeup.wait(tokio::time::sleep(Duration::from_millis(1))).await;
    // b is rescheduled by its worker, but was pushed with an earlier due time.
    driver
        .settle(&QUEUE, &[a, c], &[(b, 1_000, Lane::Normal)])
        .await
        .expect("it answers");
    let begun = Instant::now();
    wakeup.wait(tokio::time::sleep(Duration::from_secs(20))).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "the recall rings");
    let again = take(&driver, 10, 10).await;
    assert_eq!(
        (taken(&again), again.first_due_ms, again.next_due_ms),
        (vec![a, b], Some(5), Some(20))
    );
    driver.settle(&QUEUE, &[a, b], &[]).await.expect("it answers");
    assert_eq!(taken(&take(&driver, 2_000, 10).await), [d], "a recall is good for once");
    assert_eq!(recall(&driver, Lane::High, &[(d, 3)]).await, 0);
    driver.settle(&QUEUE, &[d], &[]).await.expect("it answers");
    assert_eq!(
        take(&driver, 3, 10).await.ids,
        [(d, Lane::High)],
        "it comes in the lane it was pushed in"
    );
}

#[both_drivers]
async fn an_id_whose_lease_ended_is_lost_once(Empty(driver): Empty) {
    let [a] = ids();
    push(&driver, &[(a, 1)]).await;
    let first = driver
        .fetch(&QUEUE, 1, 10, Duration::from_millis(30))
        .await
        .expect("it answers");
    assert_eq!(taken(&first), [a]);
    soon("the lease ends", async || {
        let next = take(&driver, 1, 10).await;
        assert!(next.ids.is_empty(), "a lost id is no ordinary one");
        next.lost == [a]
    })
    .await;
    assert!(
        take(&driver, 1, 10).await.lost.is_empty(),
        "it is in the hand of the finder"
    );
    assert_eq!(driver.depth(&QUEUE).await.expect("it answers").in_flight, 1);
}

#[both_drivers]
async fn a_renewed_lease_lasts_and_a_forgotten_one_is_held_again(Empty(driver): Empty) {
    let [a, b] = ids();
    push(&driver, &[(a, 1)]).await;
    let begun = Instant::now();
    driver
        .fetch(&QUEUE, 1, 10, Duration::from_millis(200))
        .await
        .expect("it answers");
    driver.renew(&QUEUE, &[a, b], LEASE).await.expect("it answers");
    soon("the first lease is over", async || {
        begun.elapsed() > Duration::from_millis(250)
    })
    .await;
    assert!(take(&driver, 1, 10).await.lost.is_empty());
    assert_eq!(
        push(&driver, &[(b, 1)]).await,
        0,
        "it is in hand, though it was never taken here"
    );
}

#[both_drivers]
async fn settled_ids_leave_nothing(Empty(driver): Empty) {
    let ids: [Uuid; 100] = ids();
    push(&driver, &ids.map(|id| (id, 1))).await;
    assert_eq!(take(&driver, 1, 100).await.ids.len(), 100);
    driver.settle(&QUEUE, &ids, &[]).await.expect("it answers");
    assert_eq!(driver.depth(&QUEUE).await.expect("it answers"), Default::default());
}

#[both_drivers]
async fn a_signal_before_the_wait_is_not_missed(Empty(driver): Empty) {
    let [a] = ids();
    let mut wakeup = driver.wakeup(&QUEUE);
    push(&driver, &[(a, 1)]).await;
    let begun = Instant::now();
    wakeup.wait(tokio::time::sleep(Duration::from_secs(20))).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[both_drivers]
async fn one_signal_leads_to_another_while_ids_are_left(Empty(driver): Empty) {
    let ids: [Uuid; 3] = ids();
    let (mut first, mut second) = (driver.wakeup(&QUEUE), driver.wakeup(&QUEUE));
    push(&driver, &ids.map(|id| (id, 1))).await;
    let begun = Instant::now();
    first.wait(tokio::time::sleep(Duration::from_secs(20))).await;
    take(&driver, 1, 1).await;
    second.wait(tokio::time::sleep(Duration::from_secs(20))).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[both_drivers]
async fn a_cancelled_wait_consumes_no_signal(Empty(driver): Empty) {
    let [a] = ids();
    let (mut gone, mut here) = (driver.wakeup(&QUEUE), driver.wakeup(&QUEUE));
    for pause in [0, 1, 30] {
        gone.wait(tokio::time::sleep(Duration::from_millis(pause))).await;
    }
    push(&driver, &[(a, 1)]).await;
    let begun = Instant::now();
    here.wait(tokio::time::sleep(Duration::from_secs(20))).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[both_drivers]
async fn one_at_a_time_has_the_lead(Empty(driver): Empty) {
    let lead = async |who, term| {
        driver
            .try_lead(&QUEUE, who, Duration::from_millis(term))
            .await
            .expect("it answers")
    };
    assert!(lead("a", 60_000).await && lead("a", 60_000).await);
    assert!(!lead("b", 60_000).await && !lead("b", 0).await);
    assert!(lead("a", 0).await);
    assert!(lead("b", 20).await);
    soon("the term ends", async || lead("a", 60_000).await).await;
}

#[both_drivers]
async fn a_hundred_thousand_ids_go_through(Empty(driver): Empty) {
    let ids: Vec<(Uuid, i64)> = (0..100_000_u128).map(|n| (Uuid::from_u128(n), n as i64)).collect();
    for chunk in ids.chunks(1_000) {
        assert_eq!(push(&driver, chunk).await, 1_000);
    }
    let mut next = 0;
    while next < ids.len() {
        let some = take(&driver, i64::MAX >> 12, 5_000).await;
        let expected: Vec<Uuid> = ids[next..next + some.ids.len()].iter().map(|(id, _)| *id).collect();
        assert!(!expected.is_empty() && taken(&some) == expected);
        driver.settle(&QUEUE, &expected, &[]).await.expect("it answers");
        next += expected.len();
    }
    assert_eq!(driver.depth(&QUEUE).await.expect("it answers"), Default::default());
}
