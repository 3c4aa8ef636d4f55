//! The circuit breaker of an endpoint: failure counts, probes, the warning, and disabling.

use chrono::{DateTime, TimeDelta, Utc};

use crate::webhooks::store::endpoints::EndpointHealth;

/// Consecutive failures that open the breaker.
pub const BREAKER: i64 = 10;
/// Wait before the first probe while the breaker is open; doubled after each failed probe.
const FIRST_PROBE: TimeDelta = TimeDelta::seconds(10);
const LONGEST_PROBE: TimeDelta = TimeDelta::minutes(5);
/// Maximum time for which `Retry-After` stops all requests to an endpoint. The delivery that it answered may wait longer.
const LONGEST_HOLD: TimeDelta = TimeDelta::hours(1);
/// Duration of continuous failures after which the endpoint is disabled.
const DISABLE_AFTER: TimeDelta = TimeDelta::days(5);
/// Time between the warning of its owner and disabling it.
const WARNING_LEAD: TimeDelta = TimeDelta::hours(60);
/// Time without attempts after which the duration of failures starts anew, since the endpoint's state in between is unknown. Longer than the
/// longest wait of the default schedule.
const FAILURES_EXPIRE_AFTER: TimeDelta = TimeDelta::hours(30);
/// Resolution of `last_success_at`.
const SUCCESS_RESOLUTION: TimeDelta = TimeDelta::seconds(1);
/// Maximum length of a stored error, in characters.
const ERROR_LENGTH: usize = 500;

/// The consequence of a failure for the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureEffect {
    Nothing,
    /// The breaker has opened.
    Trip,
    /// Half of the time until it is disabled has passed.
    Warn,
    Disable,
}

/// The kind of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptKind {
    Delivery,
    /// Tests whether an endpoint with an open breaker or a pending `Retry-After` accepts deliveries again.
    Probe,
}

/// Records a success, and returns whether the change is worth storing.
pub(crate) fn record_success(health: &mut EndpointHealth, kind: AttemptKind, now: DateTime<Utc>) -> bool {
    // A success of a request that was in flight when the endpoint sent `Retry-After` does not clear it.
    let hold = health
        .probe_at
        .filter(|_| health.tripped_at.is_none() && kind == AttemptKind::Delivery);
    let known = health.failing_since.is_none() && health.tripped_at.is_none() && health.probe_at == hold;
    if known && health.last_success_at.is_some_and(|at| now - at < SUCCESS_RESOLUTION) {
        return false;
    }
    *health = EndpointHealth {
        probe_at: hold,
        last_success_at: Some(now),
        last_error: health.last_error.take(),
        last_error_at: health.last_error_at,
        ..EndpointHealth::default()
    };
    true
}

/// Records a failure. `retry_after` is the wait that the endpoint asked for.
pub(crate) fn record_failure(
    health: &mut EndpointHealth,
    error: &str,
    kind: AttemptKind,
    retry_after: Option<TimeDelta>,
    now: DateTime<Utc>,
) -> FailureEffect {
    health.failures_in_row += 1;
    if health
        .last_error_at
        .is_some_and(|last| now - last > FAILURES_EXPIRE_AFTER)
    {
        (health.failing_since, health.warned_at) = (None, None);
    }
    let since = *health.failing_since.get_or_insert(now);
    health.last_error = Some(error.chars().take(ERROR_LENGTH).collect());
    health.last_error_at = Some(now);
    let tripped = health.tripped_at.is_none() && health.failures_in_row >= BREAKER;
    if tripped {
        health.tripped_at = Some(now);
        health.probes = 0;
    } else if health.tripped_at.is_some() && kind == AttemptKind::Probe {
        health.probes += 1;
    }
    let probed = health.tripped_at.is_some() && (tripped || kind == AttemptKind::Probe);
    let probe = probed.then(|| now + probe_wait(health.probes).min(LONGEST_PROBE));
    let hold = retry_after.map(|wait| now + wait.min(LONGEST_HOLD));
    health.probe_at = health.probe_at.max(probe).max(hold);
    match health.warned_at {
        Some(warned) if now - since >= DISABLE_AFTER && now - warned >= WARNING_LEAD && health.tripped_at.is_some() => {
            FailureEffect::Disable
        }
        None if now - since >= DISABLE_AFTER - WARNING_LEAD => {
            health.warned_at = Some(now);
            FailureEffect::Warn
        }
        _ if tripped => FailureEffect::Trip,
        _ => FailureEffect::Nothing,
    }
}

fn probe_wait(probes: i64) -> TimeDelta {
    let doublings = u32::try_from(probes.clamp(0, 16)).unwrap_or(0);
    FIRST_PROBE.checked_mul(1 << doublings).unwrap_or(LONGEST_PROBE)
}

/// Returns whether requests are sent one at a time until one succeeds: the breaker is open, or `Retry-After` is pending.
pub(crate) fn is_probing(health: &EndpointHealth) -> bool {
    health.tripped_at.is_some() || health.probe_at.is_some()
}

/// Returns the maximum number of concurrent requests: during failures no more than it takes to open the breaker.
pub(crate) fn concurrency_limit(health: &EndpointHealth, most: usize) -> usize {
    let left = usize::try_from(BREAKER - health.failures_in_row).unwrap_or(0);
    match health.failures_in_row {
        _ if is_probing(health) => 1,
        0 => most,
        _ => most.min(left.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AttemptKind::{Delivery, Probe},
        *,
    };

    fn start() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    fn fails(health: &mut EndpointHealth, kind: AttemptKind, after: TimeDelta) -> FailureEffect {
        record_failure(health, "status 500", kind, None, start() + after)
    }

    #[test]
    fn ten_failures_in_a_row_open_the_breaker_and_one_success_closes_it() {
        let mut it = EndpointHealth::default();
        for n in 1..BREAKER {
            assert_eq!(fails(&mut it, Delivery, TimeDelta::seconds(n)), FailureEffect::Nothing);
            assert_eq!(concurrency_limit(&it, 100), usize::try_from(BREAKER - n).unwrap());
        }
        assert!(record_success(&mut it, Delivery, start()));
        assert_eq!(concurrency_limit(&it, 100), 100);
        for _ in 1..BREAKER {
            fails(&mut it, Delivery, TimeDelta::zero());
        }
        assert_eq!(fails(&mut it, Delivery, TimeDelta::zero()), FailureEffect::Trip);
        assert_eq!(
            (concurrency_limit(&it, 100), it.probe_at),
            (1, Some(start() + FIRST_PROBE))
        );
        fails(&mut it, Delivery, TimeDelta::seconds(3));
        assert_eq!(
            it.probe_at,
            Some(start() + FIRST_PROBE),
            "what was under way puts no probe off"
        );
        assert!(record_success(&mut it, Delivery, start()));
        assert_eq!((it.tripped_at, it.probe_at, it.failures_in_row), (None, None, 0));
        assert_eq!(
            it.last_error.as_deref(),
            Some("status 500"),
            "the last error is remembered"
        );
    }

    #[test]
    fn probes_come_at_doubling_intervals_of_at_most_five_minutes() {
        let mut it = EndpointHealth::default();
        for _ in 0..BREAKER {
            fails(&mut it, Delivery, TimeDelta::zero());
        }
        let waits: Vec<i64> = (0..7)
            .map(|_| {
                fails(&mut it, Probe, TimeDelta::zero());
                (it.probe_at.expect("it is open") - start()).num_seconds()
            })
            .collect();
        assert_eq!(waits, [20, 40, 80, 160, 300, 300, 300]);
        record_failure(&mut it, "status 429", Probe, Some(TimeDelta::hours(3)), start());
        assert_eq!(
            it.probe_at,
            Some(start() + LONGEST_HOLD),
            "who asks for longer is heard"
        );
    }

    #[test]
    fn who_asks_to_be_left_alone_is_tried_once_afterwards_and_what_was_under_way_changes_nothing() {
        let mut it = EndpointHealth::default();
        let asks = |it: &mut EndpointHealth, minutes| {
            let asked = Some(TimeDelta::minutes(minutes));
            record_failure(it, "status 429", Delivery, asked, start())
        };
        assert_eq!(asks(&mut it, 10), FailureEffect::Nothing);
        let until = Some(start() + TimeDelta::minutes(10));
        assert_eq!(
            (it.probe_at, it.tripped_at, concurrency_limit(&it, 100)),
            (until, None, 1)
        );
        asks(&mut it, 1);
        assert_eq!(it.probe_at, until, "the longest time that was asked for");
        assert!(record_success(&mut it, Delivery, start()));
        assert_eq!((it.probe_at, it.failing_since), (until, None));
        assert!(!record_success(&mut it, Delivery, start()));
        assert_eq!(concurrency_limit(&it, 100), 1);
        fails(&mut it, Probe, TimeDelta::minutes(11));
        assert_eq!(
            (it.probe_at, it.probes, concurrency_limit(&it, 100)),
            (until, 0, 1),
            "one at a time"
        );
        assert!(record_success(&mut it, Probe, start() + TimeDelta::minutes(12)));
        assert_eq!((it.probe_at, concurrency_limit(&it, 100)), (None, 100));
        asks(&mut it, 3 * 60);
        for _ in 1..BREAKER {
            fails(&mut it, Delivery, TimeDelta::zero());
        }
        assert!(it.tripped_at.is_some());
        assert_eq!(
            it.probe_at,
            Some(start() + LONGEST_HOLD),
            "the breaker does not shorten it"
        );
    }

    /// Fails once a day, as what is tried again in vain does at least.
    fn fails_daily(health: &mut EndpointHealth, days: std::ops::RangeInclusive<i64>) -> Vec<FailureEffect> {
        days.map(|day| fails(health, Delivery, TimeDelta::days(day))).collect()
    }

    fn tripped() -> EndpointHealth {
        let mut it = EndpointHealth::default();
        for _ in 0..BREAKER {
            fails(&mut it, Delivery, TimeDelta::zero());
        }
        it
    }

    #[test]
    fn five_days_of_nothing_but_failures_end_it_and_half_of_that_is_a_warning() {
        let mut it = tripped();
        fails_daily(&mut it, 1..=2);
        assert_eq!(fails(&mut it, Delivery, TimeDelta::hours(59)), FailureEffect::Nothing);
        assert_eq!(fails(&mut it, Delivery, TimeDelta::hours(60)), FailureEffect::Warn);
        assert_eq!(
            fails_daily(&mut it, 3..=4),
            [FailureEffect::Nothing; 2],
            "one warning is enough"
        );
        assert_eq!(fails(&mut it, Delivery, TimeDelta::hours(119)), FailureEffect::Nothing);
        let mut saved = it.clone();
        assert_eq!(fails(&mut it, Delivery, TimeDelta::hours(120)), FailureEffect::Disable);
        record_success(&mut saved, Delivery, start() + TimeDelta::hours(119));
        assert_eq!(
            fails(&mut saved, Delivery, TimeDelta::hours(120)),
            FailureEffect::Nothing
        );
    }

    #[test]
    fn what_was_not_tried_for_long_is_not_known_to_have_failed() {
        let mut it = tripped();
        assert_eq!(fails_daily(&mut it, 1..=3)[2], FailureEffect::Warn);
        // Nothing happens for a week, and then one request is in vain.
        assert_eq!(fails(&mut it, Probe, TimeDelta::days(10)), FailureEffect::Nothing);
        assert_eq!(it.failing_since, Some(start() + TimeDelta::days(10)));
        assert_eq!(
            fails_daily(&mut it, 11..=13)[2],
            FailureEffect::Warn,
            "it has another warning"
        );
        assert_eq!(
            fails_daily(&mut it, 14..=15),
            [FailureEffect::Nothing, FailureEffect::Nothing]
        );
        assert_eq!(fails(&mut it, Probe, TimeDelta::days(16)), FailureEffect::Disable);
    }

    #[test]
    fn fewer_failures_than_open_the_breaker_disable_nothing() {
        let mut it = EndpointHealth::default();
        assert_eq!(fails_daily(&mut it, 0..=3)[3], FailureEffect::Warn);
        assert_eq!(fails_daily(&mut it, 4..=8), [FailureEffect::Nothing; 5]);
        assert_eq!(fails(&mut it, Delivery, TimeDelta::days(9)), FailureEffect::Disable);
    }

    #[test]
    fn successes_one_after_the_other_are_written_once_a_second() {
        let mut it = EndpointHealth::default();
        assert!(record_success(&mut it, Delivery, start()));
        assert!(!record_success(
            &mut it,
            Delivery,
            start() + TimeDelta::milliseconds(999)
        ));
        assert!(record_success(&mut it, Delivery, start() + TimeDelta::seconds(1)));
    }
}
