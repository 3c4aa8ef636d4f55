use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use metrics::{Gauge, gauge};

/// So many bytes that all requests together may hold of something.
pub struct Room {
    most: usize,
    taken: AtomicUsize,
    gauge: Gauge,
}

/// What one request holds of a [`Room`], given back when it is dropped.
pub struct Held<'r> {
    room: &'r Room,
    bytes: usize,
}

/// There is not as much room.
#[derive(Debug)]
pub struct Full;

impl Room {
    /// `gauge` is the metric that shows the bytes taken.
    pub fn new(most: usize, gauge: &'static str) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
            gauge: gauge!(gauge),
        }
    }

    /// Holds nothing yet.
    pub fn hold(&self) -> Held<'_> {
        Held { room: self, bytes: 0 }
    }
}

impl Held<'_> {
    /// Holds `bytes` in all from now on, which are no fewer than before.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let more = bytes.saturating_sub(self.bytes);
        let most = self.room.most;
        let take = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= most);
        self.room.taken.fetch_update(Relaxed, Relaxed, take).map_err(|_| Full)?;
        self.room.gauge.increment(more as f64);
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.room.taken.fetch_sub(self.bytes, Relaxed);
            self.room.gauge.decrement(self.bytes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_together_and_given_back() {
        let room = Room::new(10, "test_room");
        let (mut first, mut second) = (room.hold(), room.hold());
        first.grow(4).unwrap();
        first.grow(6).unwrap();
        second.grow(5).unwrap_err();
        second.grow(4).unwrap();
        drop(first);
        second.grow(10).unwrap();
    }
}
