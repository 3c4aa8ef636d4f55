//! Whether the Graph API answers, as this process sees it. An outage is logged once when it begins and once when it is over, however many
//! calls fail.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Number of failed calls in a row that make an outage. One lost answer among others is none.
const FAILURES_IN_ROW: u64 = 3;
/// Time without any call after which nothing is known of the API any more.
const STALE: Duration = Duration::from_secs(300);

/// The outcomes of the latest calls.
#[derive(Debug, Default)]
pub(super) struct Reachability(Mutex<LatestCalls>);

#[derive(Debug, Default)]
struct LatestCalls {
    answered_at: Option<Instant>,
    failed: Option<FailedCalls>,
}

/// Calls that failed in a row.
#[derive(Debug)]
struct FailedCalls {
    count: u64,
    first_at: Instant,
    last_at: Instant,
    why: String,
}

impl FailedCalls {
    fn is_outage(&self) -> bool {
        self.count >= FAILURES_IN_ROW
    }
}

/// An outage of the Graph API: the last calls got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiOutage {
    /// Time since the first of these calls failed.
    pub lasted: Duration,
    /// Number of calls that failed.
    pub failures: u64,
    /// Why the latest failed.
    pub why: String,
}

impl Reachability {
    /// Records a call that the API answered, if only with an error.
    pub fn record_answer(&self, host: &str) {
        let ended = {
            let mut calls = self.lock();
            calls.answered_at = Some(Instant::now());
            calls.failed.take().filter(FailedCalls::is_outage)
        };
        if let Some(failed) = ended {
            let lasted_seconds = failed.first_at.elapsed().as_secs();
            tracing::info!(
                provider.host = host,
                lasted_seconds,
                failed_calls = failed.count,
                "Meta answers again"
            );
        }
    }

    /// Records a call that got no answer. One that began before the latest answer tells of the time before it.
    pub fn record_failure(&self, host: &str, began: Instant, why: &str) {
        let begins = {
            let mut calls = self.lock();
            if calls.answered_at.is_some_and(|answered| began < answered) {
                return;
            }
            let now = Instant::now();
            let failed = calls.failed.get_or_insert_with(|| FailedCalls {
                count: 0,
                first_at: now,
                last_at: now,
                why: String::new(),
            });
            failed.count += 1;
            failed.last_at = now;
            why.clone_into(&mut failed.why);
            failed.count == FAILURES_IN_ROW
        };
        if begins {
            tracing::warn!(
                provider.host = host,
                error = why,
                "Meta does not answer: messages wait and are tried again; it is logged when Meta answers"
            );
        }
    }

    /// Returns the outage; `None` if the API answers, or was not called for five minutes.
    pub fn outage(&self) -> Option<ApiOutage> {
        let calls = self.lock();
        let failed = calls.failed.as_ref()?;
        (failed.is_outage() && failed.last_at.elapsed() < STALE).then(|| ApiOutage {
            lasted: failed.first_at.elapsed(),
            failures: failed.count,
            why: failed.why.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, LatestCalls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(api: &Reachability, times: usize) {
        for _ in 0..times {
            api.record_failure("graph.example", Instant::now(), "no connection");
        }
    }

    #[test]
    fn several_failures_in_a_row_are_an_outage_and_one_answer_ends_it() {
        let api = Reachability::default();
        fail(&api, 2);
        api.record_answer("graph.example");
        fail(&api, 2);
        assert_eq!(api.outage(), None, "an answer was among them");
        fail(&api, 5);
        let outage = api.outage().unwrap();
        assert_eq!((outage.failures, outage.why.as_str()), (7, "no connection"));
        api.record_answer("graph.example");
        assert_eq!(api.outage(), None);
    }

    #[test]
    fn a_call_that_began_before_the_latest_answer_says_nothing_of_now() {
        let api = Reachability::default();
        let began = Instant::now();
        api.record_answer("graph.example");
        for _ in 0..10 {
            api.record_failure("graph.example", began, "no answer within 15 s");
        }
        assert_eq!(api.outage(), None);
    }

    #[test]
    fn an_outage_that_nobody_has_seen_lately_is_not_reported() {
        let api = Reachability::default();
        fail(&api, 3);
        assert!(api.outage().is_some());
        let long_ago = Instant::now().checked_sub(STALE).unwrap();
        api.lock().failed.as_mut().unwrap().last_at = long_ago;
        assert_eq!(api.outage(), None);
    }
}
