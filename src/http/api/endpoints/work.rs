//! What an endpoint is asked to do, and how it does.

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shown::{Disabled, Standing};
use crate::{
    app::App,
    domain::{DeliveryId, EndpointId},
    http::{
        auth::{Reader, Subscriber},
        extract::{Json, Moment, Path},
        problem::Problem,
    },
    webhooks::{Replay, ReplayState, Statistics},
};

#[derive(Serialize, ToSchema)]
pub struct EndpointTest {
    /// `GET /api/v1/deliveries/{id}` shows what became of it.
    pub delivery_id: DeliveryId,
}

/// Test an endpoint
///
/// Sends it an event of the type `endpoint.test`, whatever types it wants, and no other endpoint. Needs the scopes `write` and
/// `events`.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/test", params(("id" = EndpointId, Path)),
    responses((status = 202, description = "Queued", body = EndpointTest)))]
pub async fn test(
    subscriber: Subscriber,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<(StatusCode, Body<EndpointTest>), Problem> {
    let delivery_id = app.webhooks.test(subscriber.tenant, id).await?;
    Ok((StatusCode::ACCEPTED, Body(EndpointTest { delivery_id })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Of events that were recorded here from then on. That is `created_at` in `GET /api/v1/events`.
    #[schema(value_type = DateTime<Utc>)]
    from: Moment,
    /// Of events that were recorded before then; until the first call unless this is said.
    #[schema(value_type = Option<DateTime<Utc>>)]
    to: Option<Moment>,
    /// `done`, `dead`, and `missing`: events that the endpoint wants and never had, e.g. because it was disabled; tests are none.
    /// `dead` unless this is said.
    #[serde(default = "dead")]
    #[schema(min_items = 1, default = json!(["dead"]))]
    states: Vec<ReplayState>,
    /// Exact types, families or `*`; all unless this is said.
    #[schema(example = json!(["message.*"]))]
    event_types: Option<Vec<String>>,
    /// `next_cursor` of the answer before, with the rest as it was.
    cursor: Option<String>,
}

fn dead() -> Vec<ReplayState> {
    vec![ReplayState::Dead]
}

#[derive(Serialize, ToSchema)]
pub struct ReplayResult {
    /// Deliveries that are on their way again.
    pub replayed: u64,
    /// Pass it as `cursor` to go on; null when everything in the range was looked at.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Replay events to an endpoint
///
/// A bounded part of it in one call: go on with `next_cursor` until it is null. The `webhook-id` is what it was, so a receiver that
/// keeps events apart by it takes none twice. Needs the scopes `write` and `events`.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/replay", params(("id" = EndpointId, Path)),
    request_body = ReplayRequest, responses((status = 202, description = "Queued", body = ReplayResult)))]
pub async fn replay(
    subscriber: Subscriber,
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
    let replayed = app.webhooks.replay(subscriber.tenant, id, replay).await?;
    let result = ReplayResult {
        replayed: replayed.replayed,
        next_cursor: replayed.cursor,
    };
    Ok((StatusCode::ACCEPTED, Body(result)))
}

/// How an endpoint does: the attempts of the last 24 hours, of the newest 1,000 deliveries at most.
#[derive(Serialize, ToSchema)]
pub struct EndpointStatistics {
    pub attempts: usize,
    pub succeeded: usize,
    /// 0 to 1; null without attempts.
    #[schema(required)]
    pub success_rate: Option<f64>,
    /// Of those that succeeded, how long half of them took at most; null without any.
    #[schema(required)]
    pub p50_ms: Option<f64>,
    /// And 99 of 100.
    #[schema(required)]
    pub p99_ms: Option<f64>,
    #[schema(required)]
    pub disabled: Option<Disabled>,
    #[serde(flatten)]
    pub standing: Standing,
}

impl From<Statistics> for EndpointStatistics {
    fn from(found: Statistics) -> Self {
        Self {
            attempts: found.attempts,
            succeeded: found.succeeded,
            success_rate: found.success_rate(),
            p50_ms: found.p50_ms,
            p99_ms: found.p99_ms,
            disabled: Disabled::of(&found.endpoint),
            standing: found.endpoint.standing.into(),
        }
    }
}

/// Show the statistics of an endpoint
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/stats", params(("id" = EndpointId, Path)),
    responses((status = 200, description = "Its statistics", body = EndpointStatistics)))]
pub async fn stats(
    reader: Reader,
    State(app): State<App>,
    Path(id): Path<EndpointId>,
) -> Result<Body<EndpointStatistics>, Problem> {
    let found = app.webhooks.statistics(reader.tenant, id).await?;
    Ok(Body(found.into()))
}
