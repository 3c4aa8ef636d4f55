//! A token bucket.

use crate::graph::time::{Moment, SECOND};

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub per_second: f64,
    pub burst: f64,
}

/// Full when it is first looked at.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// How much is gone of a full bucket.
    used: f64,
    seen: Moment,
}

impl Bucket {
    /// Whether there is a whole one.
    pub fn has(&mut self, now: Moment, terms: Terms) -> bool {
        self.fill(now, terms);
        // A hair's breadth of grace for the arithmetic of fractions.
        self.used + 1.0 <= terms.burst.max(1.0) + 1e-6
    }

    /// Takes one. The caller has asked [`Bucket::has`].
    pub fn take(&mut self) {
        self.used += 1.0;
    }

    /// Takes one whether or not there is one; the bucket goes no lower than empty.
    pub fn drain(&mut self, now: Moment, terms: Terms) {
        self.fill(now, terms);
        self.used = (self.used + 1.0).min(terms.burst.max(1.0));
    }

    fn fill(&mut self, now: Moment, terms: Terms) {
        let passed = (now - self.seen).max(0) as f64 / SECOND as f64;
        self.used = (self.used - passed * terms.per_second).max(0.0);
        self.seen = self.seen.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Bucket {
        fn pass(&mut self, now: Moment, terms: Terms) -> bool {
            let passes = self.has(now, terms);
            if passes {
                self.take();
            }
            passes
        }
    }

    const PAIR: Terms = Terms {
        per_second: 1.0 / 6.0,
        burst: 45.0,
    };

    #[test]
    fn a_burst_is_borrowed_from_the_future_and_paid_back_one_by_one() {
        let mut bucket = Bucket::default();
        let start = 1_700_000_000 * SECOND;
        assert_eq!((0..60).filter(|_| bucket.pass(start, PAIR)).count(), 45);
        assert!(!bucket.pass(start + 5 * SECOND, PAIR));
        assert!(bucket.pass(start + 6 * SECOND, PAIR));
        assert!(!bucket.pass(start + 7 * SECOND, PAIR));
        // Whoever keeps to one per six seconds never meets the limit, even with nothing in hand.
        for turn in 2..100 {
            assert!(bucket.pass(start + turn * 6 * SECOND, PAIR));
        }
    }

    #[test]
    fn what_is_heard_leaves_less_to_say_but_no_debt() {
        let terms = Terms {
            per_second: 10.0,
            burst: 10.0,
        };
        let mut bucket = Bucket::default();
        (0..25).for_each(|_| bucket.drain(SECOND, terms));
        assert!(!bucket.pass(SECOND, terms));
        assert!(bucket.pass(SECOND + SECOND / 10, terms));
    }
}
