//! Concurrent callers, in real time, on a real Redis.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::fixture::{SECOND, number, worst_excess};
use crate::{Grant, LimitedNumber, RateLimiter, RateLimits, SlotRequest, pair};
use mainstay_core::{clock::Clock, domain::SendLane};
use mainstay_test_servers::redis_url;

const CALLERS: usize = 16;
const FOR: Duration = Duration::from_secs(3);

/// Returns the slots by recipient that concurrent callers in several processes (each with its own limiter) were granted.
async fn crowd(limiters: Vec<RateLimiter>, number: LimitedNumber, recipients: usize) -> HashMap<String, Vec<i64>> {
    let given = Arc::new(Mutex::new(HashMap::<String, Vec<i64>>::new()));
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let (limiter, given) = (limiters[caller % limiters.len()].clone(), given.clone());
        async move {
            let mut turn = caller;
            while begun.elapsed() < FOR {
                let request = |n: usize| SlotRequest {
                    number,
                    recipient: format!("{}", (turn * 7_919 + n) % recipients),
                    lane: SendLane::ALL[(turn + n) % 3],
                    has_reservation: n.is_multiple_of(2),
                };
                let requests: Vec<SlotRequest> = (0..100).map(request).collect();
                let grants = limiter.reserve(&requests).await.expect("Redis answers");
                turn += CALLERS;
                let mut given = given.lock().expect("nobody panicked");
                for (request, grant) in requests.into_iter().zip(grants) {
                    if let Grant::Slot(at) = grant {
                        given.entry(request.recipient).or_default().push(at.timestamp_micros());
                    }
                }
            }
        }
    });
    futures::future::join_all(callers).await;
    Arc::into_inner(given)
        .expect("all callers ended")
        .into_inner()
        .expect("nobody panicked")
}

fn several(prefix: &str) -> Vec<RateLimiter> {
    let limiter = |_| RateLimiter::redis(&redis_url(), prefix, Clock::default()).expect("a URL of Redis");
    (0..4).map(limiter).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_together_get_the_rate_and_no_more() {
    let number = number(RateLimits::HIGH);
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let given = crowd(several(&prefix), number, 1_000_000).await;
    let mut all: Vec<i64> = given.into_values().flatten().collect();
    assert_eq!(worst_excess(&mut all, number.limits.rate()), None);
    let spent = all[all.len() - 1] - all[0];
    let used = all.len() as f64 * number.limits.rate().interval as f64 / spent as f64;
    println!("{} slots in {spent} µs: {used:.4}", all.len());
    assert!(used > 0.98, "{used}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_together_do_not_exceed_a_pairs_limit() {
    let number = number(RateLimits::HIGH);
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let given = crowd(several(&prefix), number, 10).await;
    assert_eq!(given.len(), 10);
    for times in given.into_values() {
        assert!(times.len() as i64 <= pair::BURST + FOR.as_micros() as i64 / (6 * SECOND) + 1);
        assert!(times.len() as i64 >= pair::BURST);
    }
}
