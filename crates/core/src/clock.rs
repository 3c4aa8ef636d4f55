//! The clock. No other module reads the machine's clock or makes ids from it, so tests can move time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::Id;

/// A clock with an offset (tests only; zero otherwise).
#[derive(Clone, Debug, Default)]
pub struct Clock {
    shift_us: Arc<AtomicI64>,
}

impl Clock {
    /// Returns the time in microseconds, the precision of PostgreSQL, so that both databases agree.
    #[inline]
    pub fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "this is the clock everybody else must ask")]
        let now = Utc::now().trunc_subsecs(6);
        now + TimeDelta::microseconds(self.shift_us.load(Ordering::Relaxed))
    }

    /// Moves the time for every clone of this clock.
    pub fn advance(&self, by: TimeDelta) {
        self.shift_us
            .fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    pub fn new_id<I: Id>(&self) -> I {
        I::from_uuid(uuid_at(self.now()))
    }
}

/// Makes a UUIDv7 (RFC 9562 §5.7) of the given time: milliseconds, then twelve bits of the microseconds (§6.2, method 3), so that ids made
/// within one millisecond sort by time too.
pub fn uuid_at(at: DateTime<Utc>) -> Uuid {
    let us = at.timestamp_micros().max(0) as u64;
    let fraction = ((us % 1000) << 12) / 1000;
    let random: [u8; 8] = rand::random();
    let mut tail = [0; 10];
    tail[..2].copy_from_slice(&(fraction as u16).to_be_bytes());
    tail[2..].copy_from_slice(&random);
    uuid::Builder::from_unix_timestamp_millis(us / 1000, &tail).into_uuid()
}

/// Returns the lowest id of the given time, the lower bound of a range.
#[inline]
pub fn first_uuid_at(at: DateTime<Utc>) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis((at.timestamp_micros().max(0) / 1000) as u64, &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made_at() {
        let start = DateTime::from_timestamp_micros(1_790_000_000_000_000).expect("a valid time");
        let ids: Vec<Uuid> = (0..5_000)
            .map(|us| uuid_at(start + TimeDelta::microseconds(us)))
            .collect();
        assert!(ids.is_sorted());
        assert!(first_uuid_at(start) <= ids[0] && ids[4_999] < first_uuid_at(start + TimeDelta::milliseconds(5)));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_seven() {
        let id = uuid_at(Clock::default().now());
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
    }
}
