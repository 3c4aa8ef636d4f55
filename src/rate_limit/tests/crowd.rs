//! Many ask at the same time, in real time, on a real Redis.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::stage::{SECOND, number, worst_excess};
use crate::{
    clock::Clock,
    domain::SendLane,
    queue::tests::servers,
    rate_limit::{Ask, Grant, Number, RateLimiter, Terms, pair},
};

const CALLERS: usize = 16;
const FOR: Duration = Duration::from_secs(3);

/// Slots by recipient, as many callers in several processes (each has a governor of its own) got them.
async fn crowd(governors: Vec<RateLimiter>, number: Number, recipients: usize) -> HashMap<String, Vec<i64>> {
    let given = Arc::new(Mutex::new(HashMap::<String, Vec<i64>>::new()));
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let (governor, given) = (governors[caller % governors.len()].clone(), given.clone());
        async move {
            let mut turn = caller;
            while begun.elapsed() < FOR {
                let ask = |n: usize| Ask {
                    number,
                    recipient: format!("{}", (turn * 7_919 + n) % recipients),
                    lane: SendLane::ALL[(turn + n) % 3],
                    promised: n.is_multiple_of(2),
                };
                let asks: Vec<Ask> = (0..100).map(ask).collect();
                let grants = governor.reserve(&asks).await.expect("Redis answers");
                turn += CALLERS;
                let mut given = given.lock().expect("nobody panicked");
                for (ask, grant) in asks.into_iter().zip(grants) {
                    if let Grant::Slot(at) = grant {
                        given.entry(ask.recipient).or_default().push(at.timestamp_micros());
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
    let governor = |_| RateLimiter::redis(&servers::redis_url(), prefix, Clock::default()).expect("a URL of Redis");
    (0..4).map(governor).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_together_get_the_rate_and_no_more() {
    let number = number(Terms::HIGH);
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let given = crowd(several(&prefix), number, 1_000_000).await;
    let mut all: Vec<i64> = given.into_values().flatten().collect();
    assert_eq!(worst_excess(&mut all, number.terms.pace()), None);
    let spent = all[all.len() - 1] - all[0];
    let used = all.len() as f64 * number.terms.pace().interval as f64 / spent as f64;
    println!("{} slots in {spent} µs: {used:.4}", all.len());
    assert!(used > 0.98, "{used}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_together_do_not_exceed_a_pairs_limit() {
    let number = number(Terms::HIGH);
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let given = crowd(several(&prefix), number, 10).await;
    assert_eq!(given.len(), 10);
    for times in given.into_values() {
        assert!(times.len() as i64 <= pair::BURST + FOR.as_micros() as i64 / (6 * SECOND) + 1);
        assert!(times.len() as i64 >= pair::BURST);
    }
}
