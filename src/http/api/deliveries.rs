use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::{DeliveryId, DeliveryState, EndpointId, EventId},
    http::{
        auth::{Reader, Subscriber, TenantScope},
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams, cursor},
        problem::Problem,
    },
    webhooks::store::{deliveries, endpoints},
};

const LIST: &str = "deliveries";

/// An event on its way to an endpoint.
#[derive(Serialize, ToSchema)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: EndpointId,
    /// What it carries as `webhook-id`, at every attempt and when it is replayed.
    pub event_id: EventId,
    #[schema(example = "message.received")]
    pub event_type: String,
    #[schema(inline, value_type = DeliveryState)]
    pub state: String,
    /// Attempts so far.
    pub attempts: i64,
    /// When it is due next: not before then, and later where the endpoint is disabled, held or its breaker open. Null once it is at its end.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// HTTP status of the last attempt; null if it was not answered.
    #[schema(required)]
    pub last_status: Option<i64>,
    /// What was wrong with the last attempt.
    #[schema(required)]
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<deliveries::Delivery> for Delivery {
    fn from(row: deliveries::Delivery) -> Self {
        Self {
            next_attempt_at: (row.state == DeliveryState::Pending.as_str()).then_some(row.due_at),
            id: row.id,
            endpoint_id: row.endpoint_id,
            event_id: row.event_id,
            event_type: row.kind,
            state: row.state,
            attempts: row.attempts,
            last_status: row.last_status,
            last_error: row.last_error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// A delivery with every request that was made for it.
#[derive(Serialize, ToSchema)]
pub struct DeliveryWithAttempts {
    #[serde(flatten)]
    pub delivery: Delivery,
    /// The first one first.
    pub requests: Vec<DeliveryAttempt>,
}

/// One request to an endpoint.
#[derive(Serialize, ToSchema)]
pub struct DeliveryAttempt {
    /// 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    /// From resolving the name to the last byte that was read of the answer.
    pub duration_ms: f64,
    /// `succeeded`, `status` (none of 2xx), `redirect`, `timeout`, `unreachable` (or no HTTP), `refused` (it does not lead to a public address), or
    /// `expired` (the event is kept no longer, so nothing was sent).
    pub outcome: String,
    /// Null if no answer came.
    #[schema(required)]
    pub http_status: Option<i64>,
    /// What was wrong, in words.
    #[schema(required)]
    pub error: Option<String>,
    /// The first 4 KB of the answer.
    #[schema(required)]
    pub answer: Option<String>,
}

impl From<deliveries::Attempt> for DeliveryAttempt {
    fn from(row: deliveries::Attempt) -> Self {
        Self {
            number: row.number,
            started_at: row.started_at,
            duration_ms: row.duration_us as f64 / 1_000.0,
            outcome: row.outcome,
            http_status: row.http_status,
            error: row.error,
            answer: row.answer,
        }
    }
}

/// Which deliveries are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WantedDeliveries {
    #[param(inline)]
    state: Option<DeliveryState>,
    /// Of this type only.
    #[param(example = "message.received")]
    event_type: Option<String>,
}

/// List deliveries of an endpoint
///
/// Those of the newest events first. With a filter, an answer looks through at most 20,000 deliveries, so it may hold fewer than
/// `limit` while more wait.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/deliveries",
    params(("id" = EndpointId, Path), PagingParams, WantedDeliveries),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>)))]
pub async fn list(
    reader: Reader,
    Path(id): Path<EndpointId>,
    paging: Paging,
    Query(wanted): Query<WantedDeliveries>,
) -> Result<Body<Page<Delivery>>, Problem> {
    let before = paging.key(LIST)?;
    let filter = deliveries::DeliveryFilter {
        state: wanted.state,
        event_type: wanted.event_type,
    };
    let mut tx = reader.begin().await?;
    let endpoint = endpoints::find(&mut tx, reader.tenant, id).await?;
    endpoint.ok_or_else(|| Problem::not_found(format_args!("endpoint {id}")))?;
    let page = deliveries::list(&mut tx, (reader.tenant, id), &filter, before, paging.limit()).await?;
    tx.commit().await?;
    Ok(Body(Page {
        data: page.deliveries.into_iter().map(Delivery::from).collect(),
        next_cursor: page.next.map(|next| cursor(LIST, &next)),
    }))
}

/// Show a delivery
///
/// With every request that was made for it, for as long as they are kept (MAINSTAY_DELIVERY_DAYS).
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", params(("id" = DeliveryId, Path)),
    responses((status = 200, description = "The delivery", body = DeliveryWithAttempts)))]
pub async fn show(reader: Reader, Path(id): Path<DeliveryId>) -> Result<Body<DeliveryWithAttempts>, Problem> {
    shown(&reader, id).await.map(Body)
}

async fn shown(scope: &TenantScope, id: DeliveryId) -> Result<DeliveryWithAttempts, Problem> {
    let mut tx = scope.begin().await?;
    let delivery = deliveries::find(&mut tx, scope.tenant, id).await?;
    let delivery = delivery.ok_or_else(|| Problem::not_found(format_args!("delivery {id}")))?;
    let attempts = deliveries::attempts(&mut tx, scope.tenant, id).await?;
    tx.commit().await?;
    Ok(DeliveryWithAttempts {
        delivery: delivery.into(),
        requests: attempts.into_iter().map(DeliveryAttempt::from).collect(),
    })
}

/// Retry a delivery
///
/// Now, whatever became of it before, with the same `webhook-id`; if that fails, it is tried again by the schedule. Needs the scopes `write` and
/// `events`.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", params(("id" = DeliveryId, Path)),
    responses((status = 202, description = "Queued", body = DeliveryWithAttempts)))]
pub async fn retry(
    subscriber: Subscriber,
    State(app): State<App>,
    Path(id): Path<DeliveryId>,
) -> Result<(StatusCode, Body<DeliveryWithAttempts>), Problem> {
    app.webhooks.retry(subscriber.tenant, id).await?;
    Ok((StatusCode::ACCEPTED, Body(shown(&subscriber, id).await?)))
}
