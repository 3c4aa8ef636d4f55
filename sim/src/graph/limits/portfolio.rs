//! The messaging limit: how many users outside service windows a portfolio reaches within 24 hours.

use std::collections::{HashMap, VecDeque};

use crate::graph::people::Person;
use crate::graph::time::{DAY, Moment};

#[derive(Debug, Default)]
pub(crate) struct Portfolio {
    /// When each user was last counted.
    reached: HashMap<Person, Moment>,
    /// The same, oldest first.
    order: VecDeque<(Moment, Person)>,
}

impl Portfolio {
    /// Counts a user, or refuses one more than `limit`. Someone counted within the day counts no second time.
    pub fn reach(&mut self, person: &Person, now: Moment, limit: usize) -> bool {
        while self.order.front().is_some_and(|(counted, _)| now - counted >= DAY) {
            if let Some((_, person)) = self.order.pop_front() {
                self.reached.remove(&person);
            }
        }
        if self.reached.contains_key(person) {
            return true;
        }
        if self.reached.len() >= limit {
            return false;
        }
        self.reached.insert(person.clone(), now);
        self.order.push_back((now, person.clone()));
        true
    }

    /// Users within the last 24 hours, as of the last time somebody was counted.
    pub fn count(&self) -> usize {
        self.reached.len()
    }
}
