//! The rate limit of one endpoint.

use std::time::Duration;

use tokio::time::Instant;

/// Spaces the requests to an endpoint with a rate limit: evenly, with no burst.
pub(crate) struct Pacer {
    gap: Duration,
    next: Instant,
}

impl Pacer {
    pub fn new(per_second: Option<i64>) -> Self {
        let per_second = per_second.and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 0);
        Self {
            gap: per_second.map_or(Duration::ZERO, |per_second| Duration::from_secs(1) / per_second),
            next: Instant::now(),
        }
    }

    /// Returns the time until the next request may be sent; `None` if it may be sent now.
    pub fn wait(&self) -> Option<Duration> {
        let wait = self.next.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Records a request.
    pub(crate) fn record(&mut self) {
        self.next = self.next.max(Instant::now()) + self.gap;
    }

    /// Waits until the next request may be sent, so that the next run of this endpoint need not know of this one.
    pub(crate) async fn wait_until_free(&self) {
        tokio::time::sleep_until(self.next).await;
    }
}
