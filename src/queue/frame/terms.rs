use std::time::Duration;

use crate::queue::{Backoff, Claim, Job, Queue, rows::Policy};

/// The constants of a job, as values.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub queue: Queue,
    pub concurrency: usize,
    pub batch: usize,
    pub claim: Claim,
    pub max_attempts: i64,
    pub backoff: Backoff,
    pub lease: Duration,
    pub timeout: Duration,
    pub linger: Duration,
}

impl Terms {
    pub fn of<J: Job>() -> Self {
        Self {
            queue: J::QUEUE,
            concurrency: J::CONCURRENCY.max(1),
            batch: J::BATCH.max(1),
            claim: J::CLAIM,
            max_attempts: J::MAX_ATTEMPTS,
            backoff: J::BACKOFF,
            lease: J::LEASE,
            timeout: J::TIMEOUT,
            linger: J::LINGER,
        }
    }

    pub fn policy(&self) -> Policy {
        Policy {
            max_attempts: self.max_attempts,
            backoff: self.backoff,
        }
    }

    /// The driver's lease ends after that of the row, so that a row found lost there can be taken at once.
    pub fn held(&self) -> Duration {
        self.lease + Duration::from_secs(1)
    }

    /// More than a batch can take even when each of its ids is run again by itself: what is in the hands of apalis for longer hangs
    /// outside the handler.
    pub fn backstop(&self) -> Duration {
        let runs = u32::try_from(self.batch).unwrap_or(u32::MAX).saturating_add(1);
        self.timeout.saturating_mul(runs).saturating_add(self.lease * 4)
    }
}
