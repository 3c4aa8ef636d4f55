//! What the commands print.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    domain::{EndpointId, TenantId},
    webhooks::{
        OpenBreaker, masked,
        store::{deliveries::Backlog, endpoints::Endpoint},
    },
};

#[derive(Serialize)]
pub(super) struct AddedEndpoint {
    pub id: EndpointId,
    pub secret: String,
}

#[derive(Serialize)]
pub(super) struct ListedEndpoint {
    pub id: EndpointId,
    pub tenant_id: TenantId,
    pub url: String,
    pub event_types: Vec<String>,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    pub failing_since: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    /// Since when the circuit breaker is open.
    pub breaker_open_since: Option<DateTime<Utc>>,
    /// The deliveries that wait: up to 10,000 are counted.
    pub backlog: i64,
    pub oldest_seconds: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct RemovedEndpoint {
    pub id: EndpointId,
}

#[derive(Serialize)]
pub(super) struct ReplayCount {
    pub replayed: u64,
    pub breaker: Option<ShownBreaker>,
}

/// The open circuit breaker of an endpoint.
#[derive(Serialize)]
pub(super) struct ShownBreaker {
    pub tripped_at: DateTime<Utc>,
    pub probe_at: Option<DateTime<Utc>>,
}

impl From<OpenBreaker> for ShownBreaker {
    fn from(OpenBreaker { tripped_at, probe_at }: OpenBreaker) -> Self {
        Self { tripped_at, probe_at }
    }
}

impl ListedEndpoint {
    pub fn of(backlog: Backlog, endpoint: Endpoint, now: DateTime<Utc>) -> Self {
        Self {
            breaker_open_since: endpoint.health.tripped_at,
            backlog: backlog.waiting,
            oldest_seconds: backlog.oldest_seconds(now),
            event_types: endpoint.wants().as_slice().to_vec(),
            enabled: endpoint.is_enabled(),
            id: endpoint.id,
            tenant_id: endpoint.tenant_id,
            url: masked(&endpoint.url),
            disabled_reason: endpoint.disabled_reason,
            failing_since: endpoint.health.failing_since,
            last_error: endpoint.health.last_error,
        }
    }
}

impl fmt::Display for AddedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint  {}\nsecret    {}", self.id, self.secret)
    }
}

impl fmt::Display for ListedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, tenant_id, url, .. } = self;
        write!(f, "{id}  {tenant_id}  {url}  {}", self.event_types.join(","))?;
        if let Some(oldest) = self.oldest_seconds {
            write!(f, "  {} deliveries wait, the oldest for {}", self.backlog, age(oldest))?;
        }
        if let Some(reason) = &self.disabled_reason {
            return write!(f, "  disabled: {reason}");
        }
        if let Some(since) = &self.breaker_open_since {
            write!(f, "  circuit breaker open since {}", since.format(MINUTE))?;
        }
        match (&self.failing_since, &self.last_error) {
            (Some(since), Some(error)) => write!(f, "  failing since {}: {error}", since.format(MINUTE)),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for RemovedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is removed", self.id)
    }
}

impl fmt::Display for ReplayCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deliveries are queued again", self.replayed)?;
        let Some(breaker) = &self.breaker else { return Ok(()) };
        write!(
            f,
            "; they wait, for the endpoint's circuit breaker has been open since {}",
            breaker.tripped_at.format(MINUTE)
        )?;
        match &breaker.probe_at {
            Some(at) => write!(
                f,
                ": one is tried at {}, the others when one succeeds",
                at.format("%H:%M:%S")
            ),
            None => Ok(()),
        }
    }
}

/// The form of times in the output, in UTC.
const MINUTE: &str = "%Y-%m-%d %H:%M";

/// Formats an age by its largest unit: `40 s`, `12 min`, `3 h`, `2 d`.
fn age(seconds: f64) -> String {
    match seconds as u64 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_by_its_largest_unit() {
        for (seconds, expected) in [
            (0.4, "0 s"),
            (119.9, "119 s"),
            (120.0, "2 min"),
            (7_200.0, "2 h"),
            (180_000.0, "2 d"),
        ] {
            assert_eq!(age(seconds), expected);
        }
    }

    #[test]
    fn a_replay_says_that_the_breaker_is_open() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let closed = ReplayCount {
            replayed: 3,
            breaker: None,
        };
        assert_eq!(closed.to_string(), "3 deliveries are queued again");
        let open = ReplayCount {
            replayed: 3,
            breaker: Some(ShownBreaker {
                tripped_at: at("2026-11-30T10:00:00Z"),
                probe_at: Some(at("2026-11-30T10:05:30Z")),
            }),
        };
        assert_eq!(
            open.to_string(),
            "3 deliveries are queued again; they wait, for the endpoint's circuit breaker has been open since 2026-11-30 10:00: \
             one is tried at 10:05:30, the others when one succeeds"
        );
    }
}
