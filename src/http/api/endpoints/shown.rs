//! Endpoints as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{ChannelId, EndpointId},
    webhooks::masked,
};

/// Where events go. Its secrets are not shown here.
#[derive(Serialize, ToSchema)]
pub struct Endpoint {
    pub id: EndpointId,
    /// Each value in its query is shown as `***`, for it may be a secret. Written back so, it stays what it is.
    #[schema(example = "https://example.com/webhooks")]
    pub url: String,
    #[schema(required)]
    pub description: Option<String>,
    /// Exact types (`message.received`), families (`message.*`) or `*`; those that another covers are left out.
    pub event_types: Vec<String>,
    /// Events of these channels only; null is all events, also those of no channel.
    #[schema(required)]
    pub channels: Option<Vec<ChannelId>>,
    #[schema(required)]
    pub rate_limit_per_second: Option<i64>,
    /// The names of the headers that go along; their values are not shown.
    pub header_names: Vec<String>,
    /// Whether the events of one conversation come one after the other.
    pub ordered: bool,
    /// Requests under way at a time.
    pub max_concurrent: i64,
    pub enabled: bool,
    /// Why nothing is sent there; null while it is enabled.
    #[schema(required)]
    pub disabled: Option<Disabled>,
    pub standing: Standing,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Disabled {
    pub at: DateTime<Utc>,
    pub reason: String,
}

impl Disabled {
    pub fn of(row: &crate::webhooks::store::endpoints::Endpoint) -> Option<Self> {
        row.disabled_at.map(|at| Self {
            at,
            reason: row.disabled_reason.clone().unwrap_or_default(),
        })
    }
}

/// How an endpoint has done of late.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointStanding)]
pub struct Standing {
    /// Since when nothing but failures; null while the last attempt succeeded.
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
    /// Null while it is closed, and everything that is due is sent.
    #[schema(required)]
    pub breaker: Option<Breaker>,
    /// It answered with `Retry-After`, and nothing is sent there until then; after that one delivery at a time, and null once one was taken.
    #[schema(required)]
    pub held_until: Option<DateTime<Utc>>,
}

/// Too many failures in a row: until one succeeds, one delivery at a time is tried.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointBreaker)]
pub struct Breaker {
    pub tripped_at: DateTime<Utc>,
    /// When the next one is tried.
    #[schema(required)]
    pub probe_at: Option<DateTime<Utc>>,
}

impl From<crate::webhooks::store::endpoints::Standing> for Standing {
    fn from(row: crate::webhooks::store::endpoints::Standing) -> Self {
        Self {
            failing_since: row.failing_since,
            failures_in_row: row.failures_in_row,
            last_error: row.last_error,
            last_error_at: row.last_error_at,
            last_success_at: row.last_success_at,
            held_until: row.probe_at.filter(|_| row.tripped_at.is_none()),
            breaker: row.tripped_at.map(|tripped_at| Breaker {
                tripped_at,
                probe_at: row.probe_at,
            }),
        }
    }
}

impl Endpoint {
    /// `header_names` are sealed in the row with their values.
    pub fn of(row: crate::webhooks::store::endpoints::Endpoint, header_names: Vec<String>) -> Self {
        Self {
            event_types: row.wants().as_slice().to_vec(),
            channels: row.channels(),
            enabled: row.is_enabled(),
            disabled: Disabled::of(&row),
            standing: row.standing.into(),
            id: row.id,
            url: masked(&row.url),
            description: row.description,
            rate_limit_per_second: row.rate_limit_per_second,
            header_names,
            ordered: row.ordered,
            max_concurrent: row.max_concurrent,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
