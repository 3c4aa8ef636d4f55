//! The retry schedule of deliveries.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// Fraction by which a wait is randomly lengthened or shortened, so that deliveries that failed together are not retried together.
const JITTER: f64 = 0.2;
/// Bounds of `Retry-After`.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// Returns the wait after this many attempts (1 is the first); `None` after the last.
pub(crate) fn retry_delay(attempts: i64, schedule: &[Duration], chance: f64) -> Option<TimeDelta> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let wait = schedule.get(index)?.mul_f64(1.0 + JITTER * (2.0 * chance - 1.0));
    // Database times have microseconds.
    i64::try_from(wait.as_micros()).ok().map(TimeDelta::microseconds)
}

/// Parses `Retry-After` (RFC 9110 §10.2.3): seconds, or a date in any of the three forms of §5.6.7. Clamped to between a second and a day.
pub fn retry_after(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => TimeDelta::try_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(LONGEST),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => LONGEST,
        Err(_) => date(text)? - now,
    };
    Some(wait.clamp(SHORTEST, LONGEST))
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    let fixed = DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc());
    let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let parse = |format: &str| NaiveDateTime::parse_from_str(text, format).ok();
    fixed.or_else(|| Some(old.into_iter().find_map(parse)?.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_are_those_of_the_schedule_give_or_take_a_fifth() {
        let schedule = [5, 300].map(Duration::from_secs);
        let ms = |attempts, chance| retry_delay(attempts, &schedule, chance).map(|wait| wait.num_milliseconds());
        assert_eq!((ms(1, 0.5), ms(2, 0.5), ms(3, 0.5)), (Some(5_000), Some(300_000), None));
        assert_eq!((ms(1, 0.0), ms(1, 1.0)), (Some(4_000), Some(6_000)));
        assert_eq!((ms(0, 0.5), ms(i64::MAX, 0.5)), (None, None));
        let odd = retry_delay(1, &schedule, 1.0 / 3.0).and_then(|wait| wait.num_nanoseconds());
        assert_eq!(odd.map(|wait| wait % 1_000), Some(0), "whole microseconds");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_no_longer_than_a_day() {
        let now: DateTime<Utc> = "1994-11-06T08:49:37Z".parse().expect("a time");
        let seconds = |text: &str| retry_after(text, now).map(|wait| wait.num_seconds());
        for (text, expected) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
            ("Sunday, 06-Nov-94 08:51:37 GMT", Some(120)),
            ("Sun Nov  6 08:51:37 1994", Some(120)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(1)),
            ("Fri, 06 Nov 2054 08:49:37 GMT", Some(86_400)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }
}
