//! A byte budget that all requests share, e.g. for unverified webhook bodies.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use metrics::{Gauge, gauge};

/// A number of bytes that all requests together may hold.
pub(crate) struct ByteBudget {
    most: usize,
    taken: AtomicUsize,
    gauge: Gauge,
}

/// The bytes that one request holds of a [`ByteBudget`]; released when dropped.
pub(crate) struct ByteReservation<'r> {
    budget: &'r ByteBudget,
    bytes: usize,
}

/// The error of an exhausted budget.
#[derive(Debug)]
pub(crate) struct ByteBudgetExhausted;

impl ByteBudget {
    /// Creates a budget of `most` bytes. `gauge` is the metric that shows the bytes in use.
    pub fn new(most: usize, gauge: &'static str) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
            gauge: gauge!(gauge),
        }
    }

    /// Opens a reservation of no bytes.
    pub fn reservation(&self) -> ByteReservation<'_> {
        ByteReservation { budget: self, bytes: 0 }
    }
}

impl ByteReservation<'_> {
    /// Raises the reservation to `bytes` in all, which must not be fewer than before.
    pub fn grow(&mut self, bytes: usize) -> Result<(), ByteBudgetExhausted> {
        let more = bytes.saturating_sub(self.bytes);
        let most = self.budget.most;
        let take = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= most);
        self.budget
            .taken
            .fetch_update(Relaxed, Relaxed, take)
            .map_err(|_| ByteBudgetExhausted)?;
        self.budget.gauge.increment(more as f64);
        self.bytes += more;
        Ok(())
    }
}

impl Drop for ByteReservation<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.taken.fetch_sub(self.bytes, Relaxed);
            self.budget.gauge.decrement(self.bytes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_together_and_given_back() {
        let budget = ByteBudget::new(10, "test_room");
        let (mut first, mut second) = (budget.reservation(), budget.reservation());
        first.grow(4).unwrap();
        first.grow(6).unwrap();
        second.grow(5).unwrap_err();
        second.grow(4).unwrap();
        drop(first);
        second.grow(10).unwrap();
    }
}
