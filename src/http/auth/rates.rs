use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use axum::http::StatusCode;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
};

use crate::{domain::ApiKeyId, http::problem::Problem};

/// Number of requests after which unused keys are dropped from the limiter.
const SWEEP_EVERY: u32 = 10_000;

type Limiter = DefaultKeyedRateLimiter<ApiKeyId, StateInformationMiddleware>;

/// The rate limiter of API keys: so many requests a second, with a burst of twice as many.
pub(crate) struct ApiRateLimiter {
    limiter: Limiter,
    burst: u32,
    taken: AtomicU32,
    refused: metrics::Counter,
}

impl ApiRateLimiter {
    pub fn new(per_second: u32) -> Self {
        let rate = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        let burst = rate.saturating_mul(NonZeroU32::new(2).expect("two is not zero"));
        let quota = Quota::per_second(rate).allow_burst(burst);
        Self {
            limiter: RateLimiter::keyed(quota).with_middleware(),
            burst: burst.get(),
            taken: AtomicU32::new(0),
            refused: metrics::counter!("mainstay_api_rate_limited_total"),
        }
    }

    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// Counts one request and returns how many more may follow at once.
    pub fn take(&self, key: ApiKeyId) -> Result<u32, Problem> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&key) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(too_soon) => {
                self.refused.increment(1);
                let wait = too_soon.wait_time_from(DefaultClock::default().now());
                Err(Problem::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rate-limited",
                    "Too many requests",
                    "This API key asks more often than MAINSTAY_API_RATE allows. Wait as long as Retry-After says.",
                )
                .retry_after(wait.as_secs_f64().ceil().max(1.0) as u64))
            }
        }
    }
}
