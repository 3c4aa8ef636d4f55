//! What Meta enforces by counting: throughput, pairs, service windows, users per day.

mod bucket;
mod portfolio;

pub(crate) use bucket::{Bucket, Terms};
pub(crate) use portfolio::Portfolio;

use std::collections::HashMap;

use super::enforcement::Enforcement;
use super::people::Person;
use super::time::{DAY, Moment};

/// The counters of one number.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    throughput: Bucket,
    pairs: HashMap<Person, Bucket>,
    /// When each user last wrote to the number.
    windows: HashMap<Person, Moment>,
}

impl Limits {
    /// A user wrote: it counts against the throughput, and opens the service window for 24 hours.
    pub fn heard(&mut self, person: Person, now: Moment, terms: Terms) {
        self.throughput.drain(now, terms);
        self.windows.insert(person, now);
    }

    pub fn window_is_open(&self, person: &Person, now: Moment) -> bool {
        self.windows.get(person).is_some_and(|wrote| now - wrote < DAY)
    }

    /// Whether the number may send one message more now.
    pub fn pass_throughput(&mut self, now: Moment, terms: Terms) -> bool {
        self.throughput.take(now, terms)
    }

    /// Whether the number may send this user one message more now.
    pub fn pass_pair(&mut self, person: &Person, now: Moment, rules: &Enforcement) -> bool {
        let terms = Terms {
            per_second: 1.0 / rules.pair_seconds.max(f64::MIN_POSITIVE),
            burst: f64::from(rules.pair_burst),
        };
        match self.pairs.get_mut(person) {
            Some(bucket) => bucket.take(now, terms),
            None => self.pairs.entry(person.clone()).or_default().take(now, terms),
        }
    }
}
