//! Operations on an endpoint (test, replay) and its statistics.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::{Disabled, EndpointBreakerView, EndpointHealthView};
use crate::{
    app::App,
    domain::{DeliveryId, EndpointId, perm},
    http::{
        auth::May,
        extract::{Json, Path, Rfc3339},
        problem::Problem,
    },
    webhooks::{Replay, ReplayState, Statistics},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct EndpointTest {
    /// `GET /api/v1/deliveries/{id}` shows its outcome.
    pub delivery_id: DeliveryId,
}

/// Test an endpoint
///
/// Sends an event of the type `endpoint.test` to this endpoint only, whatever types it subscribes to. Needs the scopes `write` and
/// `events`.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/test", params(("id" = EndpointId, Path)),
    responses((status = 202, description = "Queued", body = EndpointTest)))]
pub async fn test(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<(StatusCode, Body<EndpointTest>), Problem> {
    let delivery_id = app.webhooks.test(&caller, id).await?;
    Ok((StatusCode::ACCEPTED, Body(EndpointTest { delivery_id })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// Events recorded at or after this time: `created_at` in `GET /api/v1/events`.
    #[schema(value_type = DateTime<Utc>)]
    from: Rfc3339,
    /// Events recorded before this time; by default the time of the first call.
    #[schema(value_type = Option<DateTime<Utc>>)]
    to: Option<Rfc3339>,
    /// `done`, `dead`, and `missing`: events that the endpoint subscribes to but has no delivery of, e.g. because it was disabled; tests are
    /// excluded. `dead` by default.
    #[serde(default = "dead")]
    #[schema(min_items = 1, default = json!(["dead"]))]
    states: Vec<ReplayState>,
    /// Exact types, families or `*`; all by default.
    #[schema(example = json!(["message.*"]))]
    event_types: Option<Vec<String>>,
    /// `next_cursor` of the previous answer; the other members unchanged.
    cursor: Option<String>,
}

fn dead() -> Vec<ReplayState> {
    vec![ReplayState::Dead]
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReplayResult {
    /// Deliveries that are queued again.
    pub replayed: u64,
    /// Pass it as `cursor` to go on; null when the whole range was examined.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The endpoint's circuit breaker, if it is open: the deliveries wait, and are attempted one at a time until one succeeds.
    #[schema(required)]
    pub breaker: Option<EndpointBreakerView>,
}

/// Replay events to an endpoint
///
/// Replays a bounded part in one call: go on with `next_cursor` until it is null. The `webhook-id` is unchanged, so a receiver that
/// deduplicates by it processes no event twice. Needs the scopes `write` and `events`.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/replay", params(("id" = EndpointId, Path)),
    request_body = ReplayRequest, responses((status = 202, description = "Queued", body = ReplayResult)))]
pub async fn replay(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
    Json(request): Json<ReplayRequest>,
) -> Result<(StatusCode, Body<ReplayResult>), Problem> {
    let replay = Replay {
        from: request.from.0,
        to: request.to.map(|to| to.0),
        states: request.states,
        event_types: request.event_types,
        cursor: request.cursor,
    };
    let replayed = app.webhooks.replay(&caller, id, replay).await?;
    let result = ReplayResult {
        replayed: replayed.replayed,
        next_cursor: replayed.cursor,
        breaker: replayed.breaker.map(EndpointBreakerView::from),
    };
    Ok((StatusCode::ACCEPTED, Body(result)))
}

/// Attempts of the last 24 hours, of the newest 1,000 deliveries at most.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndpointStatistics {
    pub attempts: usize,
    pub succeeded: usize,
    /// 0 to 1; null without attempts.
    #[schema(required)]
    pub success_rate: Option<f64>,
    /// Median duration of successful attempts; null without any.
    #[schema(required)]
    pub p50_ms: Option<f64>,
    /// 99th percentile of the same.
    #[schema(required)]
    pub p99_ms: Option<f64>,
    #[schema(required)]
    pub disabled: Option<Disabled>,
    #[serde(flatten)]
    pub standing: EndpointHealthView,
}

impl EndpointStatistics {
    fn of(found: Statistics, now: DateTime<Utc>) -> Self {
        Self {
            attempts: found.attempts,
            succeeded: found.succeeded,
            success_rate: found.success_rate(),
            p50_ms: found.p50_ms,
            p99_ms: found.p99_ms,
            disabled: Disabled::of(&found.endpoint),
            standing: EndpointHealthView::of(found.endpoint.health, found.backlog, now),
        }
    }
}

/// Show the statistics of an endpoint
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/stats", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "Its statistics", body = EndpointStatistics)))]
pub async fn stats(
    caller: May<perm::EndpointsManage>,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointStatistics>, Problem> {
    let found = app.webhooks.statistics(caller.tenant, id).await?;
    Ok(Body(EndpointStatistics::of(found, app.clock.now())))
}
