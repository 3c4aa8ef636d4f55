//! The JSON representation of endpoints.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{ChannelId, EndpointId},
    webhooks::{
        OpenBreaker, masked,
        store::{
            deliveries::Backlog,
            endpoints::{Endpoint, EndpointHealth},
        },
    },
};

/// An endpoint. Its secrets are not shown here.
#[derive(Serialize, ToSchema)]
#[schema(as = Endpoint)]
pub(crate) struct EndpointView {
    pub id: EndpointId,
    /// Query values are masked as `***`, for they may be secrets. A masked value that is written back stays what it is.
    #[schema(example = "https://example.com/webhooks")]
    pub url: String,
    #[schema(required)]
    pub description: Option<String>,
    /// Exact types (`message.received`), families (`message.*`) or `*`; types covered by another entry are left out.
    pub event_types: Vec<String>,
    /// Events of these channels only; null is all events, including those of no channel.
    #[schema(required)]
    pub channels: Option<Vec<ChannelId>>,
    #[schema(required)]
    pub rate_limit_per_second: Option<i64>,
    /// The names of the custom headers; their values are not shown.
    pub header_names: Vec<String>,
    /// Whether the events of one conversation are delivered in order.
    pub ordered: bool,
    /// Maximum concurrent requests.
    pub max_concurrent: i64,
    pub enabled: bool,
    /// When and why it was disabled; null while it is enabled.
    #[schema(required)]
    pub disabled: Option<Disabled>,
    pub standing: EndpointHealthView,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Who made it: the id of an API key, or `operator`; null if that was not recorded.
    #[schema(required)]
    pub created_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Disabled {
    pub at: DateTime<Utc>,
    pub reason: String,
}

impl Disabled {
    pub fn of(row: &Endpoint) -> Option<Self> {
        row.disabled_at.map(|at| Self {
            at,
            reason: row.disabled_reason.clone().unwrap_or_default(),
        })
    }
}

/// The health of an endpoint: recent successes and failures, and its circuit breaker.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointStanding)]
pub(crate) struct EndpointHealthView {
    /// Start of the current run of failures; null while the last attempt succeeded.
    #[schema(required)]
    pub failing_since: Option<DateTime<Utc>>,
    /// Failures since the last success.
    pub failures_in_row: i64,
    #[schema(required)]
    pub last_error: Option<String>,
    #[schema(required)]
    pub last_error_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub last_success_at: Option<DateTime<Utc>>,
    /// Null while it is closed, and every due delivery is sent.
    #[schema(required)]
    pub breaker: Option<EndpointBreakerView>,
    /// Its `Retry-After`: nothing is sent until then, after that one delivery at a time until one succeeds; then null.
    #[schema(required)]
    pub held_until: Option<DateTime<Utc>>,
    pub backlog: BacklogView,
}

/// The deliveries that wait, due or for a retry.
#[derive(Serialize, ToSchema)]
#[schema(as = Backlog)]
pub(crate) struct BacklogView {
    /// Counted up to a bound: 10,000 of an endpoint, 100,000 of all together.
    pub waiting: i64,
    /// For how long the oldest of them has waited; null without any.
    #[schema(required)]
    pub oldest_seconds: Option<f64>,
}

impl BacklogView {
    pub fn of(backlog: Backlog, now: DateTime<Utc>) -> Self {
        Self {
            waiting: backlog.waiting,
            oldest_seconds: backlog.oldest_seconds(now),
        }
    }
}

/// An open circuit breaker, after too many failures in a row: one delivery at a time is attempted until one succeeds.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointBreaker)]
pub(crate) struct EndpointBreakerView {
    pub tripped_at: DateTime<Utc>,
    /// When the next delivery is attempted.
    #[schema(required)]
    pub probe_at: Option<DateTime<Utc>>,
}

impl From<OpenBreaker> for EndpointBreakerView {
    fn from(breaker: OpenBreaker) -> Self {
        Self {
            tripped_at: breaker.tripped_at,
            probe_at: breaker.probe_at,
        }
    }
}

impl EndpointHealthView {
    pub fn of(row: EndpointHealth, backlog: Backlog, now: DateTime<Utc>) -> Self {
        Self {
            breaker: OpenBreaker::of(&row).map(EndpointBreakerView::from),
            backlog: BacklogView::of(backlog, now),
            failing_since: row.failing_since,
            failures_in_row: row.failures_in_row,
            last_error: row.last_error,
            last_error_at: row.last_error_at,
            last_success_at: row.last_success_at,
            held_until: row.probe_at.filter(|_| row.tripped_at.is_none()),
        }
    }
}

impl EndpointView {
    /// Creates the representation of a row. `header_names` are encrypted in the row with their values.
    pub fn of(row: Endpoint, header_names: Vec<String>, backlog: Backlog, now: DateTime<Utc>) -> Self {
        Self {
            event_types: row.wants().as_slice().to_vec(),
            channels: row.channels(),
            enabled: row.is_enabled(),
            disabled: Disabled::of(&row),
            standing: EndpointHealthView::of(row.health, backlog, now),
            id: row.id,
            url: masked(&row.url),
            description: row.description,
            rate_limit_per_second: row.rate_limit_per_second,
            header_names,
            ordered: row.ordered,
            max_concurrent: row.max_concurrent,
            created_at: row.created_at,
            updated_at: row.updated_at,
            created_by: row.created_by,
        }
    }
}
