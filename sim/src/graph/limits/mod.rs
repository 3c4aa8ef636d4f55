//! What Meta enforces by counting: throughput, pairs, service windows, users per day.

mod bucket;
mod portfolio;

pub(crate) use bucket::{Bucket, Terms};
pub(crate) use portfolio::Portfolio;

use std::collections::HashMap;

use super::enforcement::Enforcement;
use super::people::Person;
use super::time::{DAY, Moment, month};

/// The counters of one number.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    throughput: Bucket,
    pairs: HashMap<Person, Bucket>,
    /// When each user last wrote to the number, or called it.
    windows: HashMap<Person, Moment>,
    /// A calendar month, and how many service messages it has had.
    service: (i64, u64),
}

impl Limits {
    /// A user wrote: it counts against the throughput, and opens the service window for 24 hours.
    pub fn heard(&mut self, person: Person, now: Moment, terms: Terms) {
        self.throughput.drain(now, terms);
        self.open_window(person, now);
    }

    /// Opens the service window for 24 hours.
    pub fn open_window(&mut self, person: Person, now: Moment) {
        self.windows.insert(person, now);
    }

    pub fn window_is_open(&self, person: &Person, now: Moment) -> bool {
        self.windows.get(person).is_some_and(|wrote| now - wrote < DAY)
    }

    /// Counts a service message; whether it is one of the first `free` of its month.
    pub fn is_free_service(&mut self, now: Moment, free: u64) -> bool {
        let month = month(now);
        if self.service.0 != month {
            self.service = (month, 0);
        }
        self.service.1 += 1;
        self.service.1 <= free
    }

    /// Lets one message more pass, or says with which code it does not. One that is refused counts for nothing.
    pub fn pass(&mut self, person: &Person, now: Moment, rules: &Enforcement, terms: Terms) -> Result<(), i64> {
        if rules.throughput && !self.throughput.has(now, terms) {
            return Err(130429);
        }
        // Groups are no pairs.
        if rules.pairs && !matches!(person, Person::Group(_)) {
            let terms = Terms {
                per_second: 1.0 / rules.pair_seconds.max(f64::MIN_POSITIVE),
                burst: f64::from(rules.pair_burst),
            };
            let pair = match self.pairs.get_mut(person) {
                Some(pair) => pair,
                None => self.pairs.entry(person.clone()).or_default(),
            };
            if !pair.has(now, terms) {
                return Err(131056);
            }
            pair.take();
        }
        if rules.throughput {
            self.throughput.take();
        }
        Ok(())
    }
}
