use std::ops::Range;

use chrono::{DateTime, Utc};

/// The years 1 to 9999 in microseconds since 1970: the range of RFC 3339 that both databases store without loss.
const YEARS: Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// Returns whether both databases can store a time.
pub fn is_storable(at: DateTime<Utc>) -> bool {
    YEARS.contains(&at.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_four_digits_of_a_year() {
        for (text, expected) in [
            ("0001-01-01T00:00:00Z", true),
            ("9999-12-31T23:59:59.999999Z", true),
            ("2016-12-31T23:59:60Z", true),
            ("0000-12-31T23:59:59.999999Z", false),
            ("9999-12-31T23:59:60Z", false),
            ("-262143-01-01T00:00:00Z", false),
            ("+262142-12-31T23:59:59Z", false),
        ] {
            let at: DateTime<Utc> = text.parse().expect(text);
            assert_eq!(is_storable(at), expected, "{text}");
        }
    }
}
