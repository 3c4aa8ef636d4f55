//! Due times of campaigns that have a rate of their own.

use chrono::{DateTime, TimeDelta, Utc};

/// Due times at a campaign's own rate.
pub(super) struct Pace {
    begins: DateTime<Utc>,
    rate: u32,
}

impl Pace {
    pub fn new(rate: u32, paced_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        Self {
            begins: paced_until.unwrap_or(now).max(now),
            rate: rate.max(1),
        }
    }

    /// Returns when the `n`th message of the page is due.
    pub fn due(&self, n: i64) -> DateTime<Utc> {
        self.begins + TimeDelta::microseconds(n * 1_000_000 / i64::from(self.rate))
    }

    /// Returns when a page of this many messages ends.
    pub fn end(&self, count: i64) -> DateTime<Utc> {
        self.due(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_at_the_rate_of_their_campaign() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let first = Pace::new(10, None, now);
        assert_eq!((first.due(0), first.due(9)), (now, now + TimeDelta::milliseconds(900)));
        let end = first.end(10);
        assert_eq!(Pace::new(10, Some(end), now).due(0), now + TimeDelta::seconds(1));
        let late = now + TimeDelta::seconds(30);
        assert_eq!(
            Pace::new(10, Some(end), late).due(0),
            late,
            "time that has passed is not made up for"
        );
    }
}
