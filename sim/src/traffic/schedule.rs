//! Changes that wait for their turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Change;

/// A queue in steps, not seconds: each change that leaves is a step, so delivery order depends on the seed alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    step: u64,
    arrivals: u64,
    waiting: BTreeMap<(u64, u64), Arc<Change>>,
}

impl Schedule {
    /// `change` is due when `steps` more have been taken; equal ones keep their order.
    pub fn after(&mut self, steps: u64, change: Change) {
        self.arrivals += 1;
        self.waiting
            .insert((self.step + steps, self.arrivals), Arc::new(change));
    }

    /// Puts back what was taken too early; it comes before everything else.
    pub fn put_back(&mut self, changes: Vec<Arc<Change>>) {
        for change in changes {
            self.arrivals += 1;
            self.waiting.insert((0, self.arrivals), change);
        }
    }

    /// The first change that is due, if any.
    pub fn take_due(&mut self) -> Option<Arc<Change>> {
        let entry = self.waiting.first_entry()?;
        (entry.key().0 <= self.step).then(|| entry.remove())
    }

    pub fn advance(&mut self) {
        self.step += 1;
    }

    /// The first change, due or not.
    pub fn take_any(&mut self) -> Option<Arc<Change>> {
        self.waiting.pop_first().map(|(_, change)| change)
    }
}
