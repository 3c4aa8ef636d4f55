//! Local times of a zone as instants.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// Most minutes that clocks are set forward by.
const LONGEST_GAP: i64 = 26 * 60;

/// Returns the instant of a local time: the first of two, and the first instant after one that does not exist. `None` beyond the calendar.
pub(crate) fn instant_of(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => {
            let minute = local.with_second(0)?.with_nanosecond(0)?;
            let after = |minutes| {
                zone.from_local_datetime(&(minute + TimeDelta::minutes(minutes)))
                    .earliest()
            };
            (1..=LONGEST_GAP).find_map(after).map(|at| at.with_timezone(&Utc))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_one_instant() {
        for (zone, local, instant) in [
            ("Asia/Kolkata", "2026-12-24T09:00:00", "2026-12-24T03:30:00Z"),
            // Skipped, and twice.
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            // A day that Samoa never had.
            ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00Z"),
        ] {
            let (zone, local): (Tz, NaiveDateTime) = (zone.parse().unwrap(), local.parse().unwrap());
            let expected: DateTime<Utc> = instant.parse().unwrap();
            assert_eq!(instant_of(local, zone), Some(expected), "{zone} {local}");
        }
    }
}
