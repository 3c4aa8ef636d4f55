use std::time::Duration;

use tokio::time::Instant;

/// Keeps requests to an endpoint apart, where it takes only so many a second: evenly, with no burst.
pub struct Pacer {
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

    /// How long until a request may be made; none if it may be now.
    pub fn wait(&self) -> Option<Duration> {
        let wait = self.next.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// A request is made.
    pub fn take(&mut self) {
        self.next = self.next.max(Instant::now()) + self.gap;
    }

    /// Waits until another request might be made, so that whoever serves the endpoint next need not know of this one.
    pub async fn end(&self) {
        tokio::time::sleep_until(self.next).await;
    }
}
