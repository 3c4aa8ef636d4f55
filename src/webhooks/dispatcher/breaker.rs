//! How an endpoint stands after each attempt: the breaker, the warning, the end.

use chrono::{DateTime, TimeDelta, Utc};

use crate::webhooks::store::endpoints::Standing;

/// Failures in a row that open the breaker.
pub const BREAKER: i64 = 10;
/// While it is open: the wait for the first try, doubled after each in vain.
const FIRST_PROBE: TimeDelta = TimeDelta::seconds(10);
const LONGEST_PROBE: TimeDelta = TimeDelta::minutes(5);
/// For how long at most nothing at all is sent to an endpoint that asks for that. What it answered so may wait longer.
const LONGEST_HOLD: TimeDelta = TimeDelta::hours(1);
/// After so long of nothing but failures nothing is sent there any more.
const PATIENCE: TimeDelta = TimeDelta::days(5);
/// And its owner is told so long before.
const NOTICE: TimeDelta = TimeDelta::hours(60);
/// When nothing was sent there for so long (more than the longest wait of the usual schedule), nobody knows how it did: the time of nothing
/// but failures begins anew.
const SILENCE: TimeDelta = TimeDelta::hours(30);
/// How precisely is known when it last succeeded.
const PRECISION: TimeDelta = TimeDelta::seconds(1);
/// The longest error kept, in characters.
const ERROR_LENGTH: usize = 500;

/// What follows from a failure for the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Nothing,
    /// The breaker has opened.
    Trip,
    /// Half the time is over after which it is disabled.
    Warn,
    Disable,
}

/// How the attempt was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    Delivery,
    /// To see whether an endpoint whose breaker is open, or that asked to be left alone, takes something again.
    Probe,
}

/// Notes a success, and tells whether that is worth writing.
pub fn succeed(standing: &mut Standing, meant: Meant, now: DateTime<Utc>) -> bool {
    // What was under way when the endpoint asked to be left alone takes nothing back of that.
    let hold = standing
        .probe_at
        .filter(|_| standing.tripped_at.is_none() && meant == Meant::Delivery);
    let known = standing.failing_since.is_none() && standing.tripped_at.is_none() && standing.probe_at == hold;
    if known && standing.last_success_at.is_some_and(|at| now - at < PRECISION) {
        return false;
    }
    *standing = Standing {
        probe_at: hold,
        last_success_at: Some(now),
        last_error: standing.last_error.take(),
        last_error_at: standing.last_error_at,
        ..Standing::default()
    };
    true
}

/// Notes a failure. `asked` is the time for which the endpoint asked to be left alone.
pub fn fail(
    standing: &mut Standing,
    (error, meant): (&str, Meant),
    asked: Option<TimeDelta>,
    now: DateTime<Utc>,
) -> Verdict {
    standing.failures_in_row += 1;
    if standing.last_error_at.is_some_and(|last| now - last > SILENCE) {
        (standing.failing_since, standing.warned_at) = (None, None);
    }
    let since = *standing.failing_since.get_or_insert(now);
    standing.last_error = Some(error.chars().take(ERROR_LENGTH).collect());
    standing.last_error_at = Some(now);
    let tripped = standing.tripped_at.is_none() && standing.failures_in_row >= BREAKER;
    if tripped {
        standing.tripped_at = Some(now);
        standing.probes = 0;
    } else if standing.tripped_at.is_some() && meant == Meant::Probe {
        standing.probes += 1;
    }
    let probed = standing.tripped_at.is_some() && (tripped || meant == Meant::Probe);
    let probe = probed.then(|| now + probe_wait(standing.probes).min(LONGEST_PROBE));
    let hold = asked.map(|asked| now + asked.min(LONGEST_HOLD));
    standing.probe_at = standing.probe_at.max(probe).max(hold);
    match standing.warned_at {
        Some(warned) if now - since >= PATIENCE && now - warned >= NOTICE && standing.tripped_at.is_some() => {
            Verdict::Disable
        }
        None if now - since >= PATIENCE - NOTICE => {
            standing.warned_at = Some(now);
            Verdict::Warn
        }
        _ if tripped => Verdict::Trip,
        _ => Verdict::Nothing,
    }
}

fn probe_wait(probes: i64) -> TimeDelta {
    let doublings = u32::try_from(probes.clamp(0, 16)).unwrap_or(0);
    FIRST_PROBE.checked_mul(1 << doublings).unwrap_or(LONGEST_PROBE)
}

/// Whether one request at a time is made until one succeeds: the breaker is open, or the endpoint asked to be left alone.
pub fn is_probed(standing: &Standing) -> bool {
    standing.tripped_at.is_some() || standing.probe_at.is_some()
}

/// Requests that may be under way at a time: while it fails, no more than it takes to open the breaker.
pub fn room(standing: &Standing, most: usize) -> usize {
    let left = usize::try_from(BREAKER - standing.failures_in_row).unwrap_or(0);
    match standing.failures_in_row {
        _ if is_probed(standing) => 1,
        0 => most,
        _ => most.min(left.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    fn fails(standing: &mut Standing, meant: Meant, after: TimeDelta) -> Verdict {
        fail(standing, ("status 500", meant), None, start() + after)
    }

    #[test]
    fn ten_failures_in_a_row_open_the_breaker_and_one_success_closes_it() {
        let mut it = Standing::default();
        for n in 1..BREAKER {
            assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::seconds(n)), Verdict::Nothing);
            assert_eq!(room(&it, 100), usize::try_from(BREAKER - n).unwrap());
        }
        assert!(succeed(&mut it, Meant::Delivery, start()));
        assert_eq!(room(&it, 100), 100);
        for _ in 1..BREAKER {
            fails(&mut it, Meant::Delivery, TimeDelta::zero());
        }
        assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::zero()), Verdict::Trip);
        assert_eq!((room(&it, 100), it.probe_at), (1, Some(start() + FIRST_PROBE)));
        fails(&mut it, Meant::Delivery, TimeDelta::seconds(3));
        assert_eq!(
            it.probe_at,
            Some(start() + FIRST_PROBE),
            "what was under way puts no probe off"
        );
        assert!(succeed(&mut it, Meant::Delivery, start()));
        assert_eq!((it.tripped_at, it.probe_at, it.failures_in_row), (None, None, 0));
        assert_eq!(
            it.last_error.as_deref(),
            Some("status 500"),
            "the last error is remembered"
        );
    }

    #[test]
    fn probes_come_at_doubling_intervals_of_at_most_five_minutes() {
        let mut it = Standing::default();
        for _ in 0..BREAKER {
            fails(&mut it, Meant::Delivery, TimeDelta::zero());
        }
        let waits: Vec<i64> = (0..7)
            .map(|_| {
                fails(&mut it, Meant::Probe, TimeDelta::zero());
                (it.probe_at.expect("it is open") - start()).num_seconds()
            })
            .collect();
        assert_eq!(waits, [20, 40, 80, 160, 300, 300, 300]);
        fail(
            &mut it,
            ("status 429", Meant::Probe),
            Some(TimeDelta::hours(3)),
            start(),
        );
        assert_eq!(
            it.probe_at,
            Some(start() + LONGEST_HOLD),
            "who asks for longer is heard"
        );
    }

    #[test]
    fn who_asks_to_be_left_alone_is_tried_once_afterwards_and_what_was_under_way_changes_nothing() {
        let mut it = Standing::default();
        let asks = |it: &mut Standing, minutes| {
            let asked = Some(TimeDelta::minutes(minutes));
            fail(it, ("status 429", Meant::Delivery), asked, start())
        };
        assert_eq!(asks(&mut it, 10), Verdict::Nothing);
        let until = Some(start() + TimeDelta::minutes(10));
        assert_eq!((it.probe_at, it.tripped_at, room(&it, 100)), (until, None, 1));
        asks(&mut it, 1);
        assert_eq!(it.probe_at, until, "the longest time that was asked for");
        assert!(succeed(&mut it, Meant::Delivery, start()));
        assert_eq!((it.probe_at, it.failing_since), (until, None));
        assert!(!succeed(&mut it, Meant::Delivery, start()));
        assert_eq!(room(&it, 100), 1);
        fails(&mut it, Meant::Probe, TimeDelta::minutes(11));
        assert_eq!((it.probe_at, it.probes, room(&it, 100)), (until, 0, 1), "one at a time");
        assert!(succeed(&mut it, Meant::Probe, start() + TimeDelta::minutes(12)));
        assert_eq!((it.probe_at, room(&it, 100)), (None, 100));
        asks(&mut it, 3 * 60);
        for _ in 1..BREAKER {
            fails(&mut it, Meant::Delivery, TimeDelta::zero());
        }
        assert!(it.tripped_at.is_some());
        assert_eq!(
            it.probe_at,
            Some(start() + LONGEST_HOLD),
            "the breaker does not shorten it"
        );
    }

    /// Fails once a day, as what is tried again in vain does at least.
    fn fails_daily(standing: &mut Standing, days: std::ops::RangeInclusive<i64>) -> Vec<Verdict> {
        days.map(|day| fails(standing, Meant::Delivery, TimeDelta::days(day)))
            .collect()
    }

    fn tripped() -> Standing {
        let mut it = Standing::default();
        for _ in 0..BREAKER {
            fails(&mut it, Meant::Delivery, TimeDelta::zero());
        }
        it
    }

    #[test]
    fn five_days_of_nothing_but_failures_end_it_and_half_of_that_is_a_warning() {
        let mut it = tripped();
        fails_daily(&mut it, 1..=2);
        assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::hours(59)), Verdict::Nothing);
        assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::hours(60)), Verdict::Warn);
        assert_eq!(
            fails_daily(&mut it, 3..=4),
            [Verdict::Nothing; 2],
            "one warning is enough"
        );
        assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::hours(119)), Verdict::Nothing);
        let mut saved = it.clone();
        assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::hours(120)), Verdict::Disable);
        succeed(&mut saved, Meant::Delivery, start() + TimeDelta::hours(119));
        assert_eq!(
            fails(&mut saved, Meant::Delivery, TimeDelta::hours(120)),
            Verdict::Nothing
        );
    }

    #[test]
    fn what_was_not_tried_for_long_is_not_known_to_have_failed() {
        let mut it = tripped();
        assert_eq!(fails_daily(&mut it, 1..=3)[2], Verdict::Warn);
        // Nothing happens for a week, and then one request is in vain.
        assert_eq!(fails(&mut it, Meant::Probe, TimeDelta::days(10)), Verdict::Nothing);
        assert_eq!(it.failing_since, Some(start() + TimeDelta::days(10)));
        assert_eq!(
            fails_daily(&mut it, 11..=13)[2],
            Verdict::Warn,
            "it has another warning"
        );
        assert_eq!(fails_daily(&mut it, 14..=15), [Verdict::Nothing, Verdict::Nothing]);
        assert_eq!(fails(&mut it, Meant::Probe, TimeDelta::days(16)), Verdict::Disable);
    }

    #[test]
    fn fewer_failures_than_open_the_breaker_disable_nothing() {
        let mut it = Standing::default();
        assert_eq!(fails_daily(&mut it, 0..=3)[3], Verdict::Warn);
        assert_eq!(fails_daily(&mut it, 4..=8), [Verdict::Nothing; 5]);
        assert_eq!(fails(&mut it, Meant::Delivery, TimeDelta::days(9)), Verdict::Disable);
    }

    #[test]
    fn successes_one_after_the_other_are_written_once_a_second() {
        let mut it = Standing::default();
        assert!(succeed(&mut it, Meant::Delivery, start()));
        assert!(!succeed(
            &mut it,
            Meant::Delivery,
            start() + TimeDelta::milliseconds(999)
        ));
        assert!(succeed(&mut it, Meant::Delivery, start() + TimeDelta::seconds(1)));
    }
}
