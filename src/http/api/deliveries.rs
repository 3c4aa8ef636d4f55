//! Deliveries of events to endpoints, with their attempts.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::{DeliveryId, DeliveryState, EndpointId, EventId, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams, cursor},
        problem::Problem,
    },
    webhooks::store::{deliveries, endpoints},
};

const LIST: &str = "deliveries";

/// An event on its way to an endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    pub id: DeliveryId,
    pub endpoint_id: EndpointId,
    /// The event's id, sent as `webhook-id` with every attempt and replay.
    pub event_id: EventId,
    #[schema(example = "message.received")]
    pub event_type: String,
    #[schema(inline)]
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: i64,
    /// When it is due next: not before then, and later while the endpoint is disabled, held or its breaker open. Null once finished.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// HTTP status of the last attempt; null without an answer.
    #[schema(required)]
    pub last_status: Option<i64>,
    /// The error of the last attempt.
    #[schema(required)]
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<deliveries::Delivery> for DeliveryView {
    fn from(row: deliveries::Delivery) -> Self {
        Self {
            next_attempt_at: (row.state == DeliveryState::Pending).then_some(row.due_at),
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

/// A delivery with every attempt.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryWithAttempts {
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// Oldest first.
    pub requests: Vec<DeliveryAttemptView>,
}

/// One attempt: a request to an endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub(crate) struct DeliveryAttemptView {
    /// 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    /// From resolving the host name to the last byte read of the answer.
    pub duration_ms: f64,
    /// `succeeded`, `status` (not 2xx), `redirect`, `timeout`, `unreachable` (or not HTTP), `refused` (not a public address), or `expired`
    /// (the event is no longer stored, so nothing was sent).
    pub outcome: String,
    /// Null without an answer.
    #[schema(required)]
    pub http_status: Option<i64>,
    /// The error, in words.
    #[schema(required)]
    pub error: Option<String>,
    /// The first 4 KB of the answer.
    #[schema(required)]
    pub answer: Option<String>,
}

impl From<deliveries::DeliveryAttempt> for DeliveryAttemptView {
    fn from(row: deliveries::DeliveryAttempt) -> Self {
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

/// Selects the deliveries of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeliveriesQuery {
    #[param(inline)]
    state: Option<DeliveryState>,
    /// Of this type only.
    #[param(example = "message.received")]
    event_type: Option<String>,
}

/// List deliveries of an endpoint
///
/// The newest events first. With a filter, a page examines at most 20,000 deliveries, so it may hold fewer than `limit` and still have a
/// next one.
#[utoipa::path(get, path = "/api/v1/endpoints/{id}/deliveries",
    params(("id" = EndpointId, Path), PagingParams, ListDeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>)))]
pub async fn list(
    caller: May<perm::EventsRead>,
    Path(id): Path<EndpointId>,
    paging: Paging,
    Query(query): Query<ListDeliveriesQuery>,
) -> Result<Body<Page<DeliveryView>>, Problem> {
    let before = paging.key(LIST)?;
    let filter = deliveries::DeliveryFilter {
        state: query.state,
        event_type: query.event_type,
    };
    let mut tx = caller.begin().await?;
    let endpoint = endpoints::find(tx.on(), caller.tenant, id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found(format_args!("endpoint {id}")))?;
    let page = deliveries::list(tx.on(), endpoint.key(), &filter, before, paging.limit()).await?;
    tx.commit().await?;
    Ok(Body(Page {
        data: page.deliveries.into_iter().map(DeliveryView::from).collect(),
        next_cursor: page.next.map(|next| cursor(LIST, &next)),
    }))
}

/// Show a delivery
///
/// Includes its attempts, as long as they are kept (MAINSTAY_DELIVERY_DAYS).
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", params(("id" = DeliveryId, Path)),
    responses((status = 200, description = "The delivery", body = DeliveryWithAttempts)))]
pub async fn show(
    caller: May<perm::EventsRead>,
    Path(id): Path<DeliveryId>,
) -> Result<Body<DeliveryWithAttempts>, Problem> {
    load(&caller, id).await.map(Body)
}

async fn load(caller: &TenantAccess, id: DeliveryId) -> Result<DeliveryWithAttempts, Problem> {
    let mut tx = caller.begin().await?;
    let delivery = deliveries::find(tx.on(), caller.tenant, id).await?;
    let delivery = delivery.ok_or_else(|| Problem::not_found(format_args!("delivery {id}")))?;
    let attempts = deliveries::attempts(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    Ok(DeliveryWithAttempts {
        delivery: delivery.into(),
        requests: attempts.into_iter().map(DeliveryAttemptView::from).collect(),
    })
}

/// Retry a delivery
///
/// Attempts it now, whatever its state, with the same `webhook-id`; if that fails, it is retried on schedule. Needs the scopes `write` and
/// `events`.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", params(("id" = DeliveryId, Path)),
    responses((status = 202, description = "Queued", body = DeliveryWithAttempts)))]
pub async fn retry(
    caller: May<(perm::EndpointsManage, perm::EventsRead)>,
    State(app): State<App>,
    Path(id): Path<DeliveryId>,
) -> Result<(StatusCode, Body<DeliveryWithAttempts>), Problem> {
    app.webhooks.retry(&caller, id).await?;
    Ok((StatusCode::ACCEPTED, Body(load(&caller, id).await?)))
}
