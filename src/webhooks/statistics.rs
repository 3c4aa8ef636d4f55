//! Statistics of an endpoint.

use chrono::TimeDelta;

use super::{Error, WebhookService};
use crate::{
    domain::{EndpointId, TenantId},
    webhooks::store::{
        deliveries::{self, Backlog},
        endpoints::Endpoint,
    },
};

/// Time covered by statistics, of at most the thousand newest deliveries.
const WINDOW: TimeDelta = TimeDelta::hours(24);
const SUCCEEDED: &str = "succeeded";

/// The statistics of an endpoint.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// The endpoint with its health.
    pub endpoint: Endpoint,
    /// Attempts of the last 24 hours, for at most the thousand newest deliveries.
    pub attempts: usize,
    pub succeeded: usize,
    /// Median duration of successful attempts; `None` without any.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// The deliveries that wait.
    pub backlog: Backlog,
}

impl Statistics {
    /// Returns the fraction of attempts that succeeded, 0 to 1.
    pub fn success_rate(&self) -> Option<f64> {
        (self.attempts > 0).then(|| self.succeeded as f64 / self.attempts as f64)
    }
}

impl WebhookService {
    pub async fn statistics(&self, tenant: TenantId, id: EndpointId) -> Result<Statistics, Error> {
        let endpoint = self.find(tenant, id).await?;
        let since = self.clock.now() - WINDOW;
        let samples = deliveries::sample(self.db.reader(), endpoint.key(), since).await?;
        let good = samples.iter().filter(|it| it.outcome == SUCCEEDED);
        let mut durations: Vec<i64> = good.map(|it| it.duration_us).collect();
        durations.sort_unstable();
        let mut backlogs = deliveries::backlogs(self.db.reader(), &[endpoint.key()]).await?;
        Ok(Statistics {
            backlog: backlogs.remove(&id).unwrap_or_default(),
            endpoint,
            attempts: samples.len(),
            succeeded: durations.len(),
            p50_ms: quantile(&durations, 0.50),
            p99_ms: quantile(&durations, 0.99),
        })
    }
}

/// Returns a quantile in milliseconds of sorted durations in microseconds.
fn quantile(sorted: &[i64], share: f64) -> Option<f64> {
    let place = ((sorted.len() as f64 * share).ceil() as usize).max(1) - 1;
    sorted.get(place).map(|us| *us as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7_000], 0.99), Some(7.0));
        let hundred: Vec<i64> = (1..=100).map(|n| n * 1_000).collect();
        assert_eq!(
            (quantile(&hundred, 0.5), quantile(&hundred, 0.99)),
            (Some(50.0), Some(99.0))
        );
    }
}
