use std::time::Duration;

use crate::{Backoff, Claim, Job, Queue, rows::RetryPolicy};

/// The constants of a [`Job`], as values.
#[derive(Clone, Copy, Debug)]
pub struct JobSpec {
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

impl JobSpec {
    pub fn of<J: Job>() -> Self {
        Self {
            queue: J::QUEUE,
            concurrency: J::CONCURRENCY.max(1),
            batch: J::BATCH.max(1),
            claim: J::CLAIM,
            max_attempts: if J::QUEUE.is_recurring() {
                i64::MAX
            } else {
                J::MAX_ATTEMPTS
            },
            backoff: J::BACKOFF,
            lease: J::LEASE,
            timeout: J::TIMEOUT,
            linger: J::LINGER,
        }
    }

    pub fn policy(&self) -> RetryPolicy {
        RetryPolicy {
            max_attempts: self.max_attempts,
            backoff: self.backoff,
            recurring: self.queue.is_recurring(),
        }
    }

    /// Returns the lease in the driver. It ends after that of the row, so that an id lost in the driver can be claimed at once.
    pub fn driver_lease(&self) -> Duration {
        self.lease + Duration::from_secs(1)
    }

    /// Returns a timeout longer than any batch can take, each id run again by itself included. A batch that exceeds it hangs outside its
    /// handler.
    pub fn batch_timeout(&self) -> Duration {
        let runs = u32::try_from(self.batch).unwrap_or(u32::MAX).saturating_add(1);
        self.timeout.saturating_mul(runs).saturating_add(self.lease * 4)
    }
}
