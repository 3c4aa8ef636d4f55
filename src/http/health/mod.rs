//! Health routes: liveness, readiness, and a report of all checks. The first two are public and therefore cheap: the checks run at most once
//! a second, however often they are asked for. The details are for those who may see metrics.

mod checks;

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use checks::{
    CheckStatus, DatabaseCheck, DiskCheck, PausedQueuesCheck, ProviderCheck, QueueLagCheck, RedisCheck, free_disk_mb,
};

use super::{auth::MetricsAccess, problem::Problem, state::HttpState};
use crate::app::App;

/// Time for which the outcome of the checks is cached.
const CACHE_TTL: Duration = Duration::from_secs(1);

pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(all))
}

/// The cached outcome of the checks.
#[derive(Default)]
pub(crate) struct HealthCache(Mutex<Option<(Instant, Arc<HealthReport>)>>);

impl HealthCache {
    async fn outcome(&self, app: &App) -> Arc<HealthReport> {
        let mut last = self.0.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < CACHE_TTL
        {
            return health.clone();
        }
        let health = Arc::new(check(app).await);
        *last = Some((Instant::now(), health.clone()));
        health
    }
}

/// The health of the process and of what it depends on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthReport {
    /// The worst of the checks: `ok`; `degraded`, when webhooks are taken but something else suffers; `failing`, when they are not.
    pub status: CheckStatus,
    pub version: &'static str,
    pub checks: CheckResults,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Outcomes)]
pub(crate) struct CheckResults {
    pub database: DatabaseCheck,
    /// Absent when the queue lives in the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisCheck>,
    pub queue_lag: QueueLagCheck,
    pub queues: PausedQueuesCheck,
    pub provider: ProviderCheck,
    pub disk: DiskCheck,
}

/// Readiness; with the details for those who may see metrics.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// The worst of the checks; see `GET /health`.
    pub status: CheckStatus,
    /// Only with the metrics token or where metrics are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'static str>,
    /// Only with the metrics token or where metrics are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<CheckResults>,
}

/// The answer of the liveness probe.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    pub status: CheckStatus,
}

async fn check(app: &App) -> HealthReport {
    let (database, redis, queue_lag, queues, provider, disk) = tokio::join!(
        checks::database(app),
        checks::redis(app),
        checks::queue_lag(app),
        checks::paused_queues(app),
        checks::provider(app),
        checks::disk(app)
    );
    let redis_status = redis.as_ref().map_or(CheckStatus::Ok, |redis| redis.status);
    let found = [
        database.status,
        redis_status,
        queue_lag.status,
        queues.status,
        provider.status,
        disk.status,
    ];
    HealthReport {
        status: found.into_iter().max().unwrap_or(CheckStatus::Ok),
        version: env!("CARGO_PKG_VERSION"),
        checks: CheckResults {
            database,
            redis,
            queue_lag,
            queues,
            provider,
            disk,
        },
    }
}

/// Liveness probe
///
/// Restart the process when this does not answer.
#[utoipa::path(get, path = "/health/live",
    responses((status = 200, description = "Alive", body = Alive)))]
pub(super) async fn live() -> Json<Alive> {
    Json(Alive {
        status: CheckStatus::Ok,
    })
}

/// Readiness probe
///
/// 503 while webhooks could not be stored: the database does not answer or has migrations to come, or, on SQLite, the disk is
/// nearly full. A Redis or a Meta that does not answer, a paused queue and one that lags are shown as `degraded` with 200, since webhooks
/// are stored and answered all the same; taking the process out of service for that would lose what it still can do. Open to anybody; `version` and
/// `checks` need the metrics token, or open metrics.
#[utoipa::path(get, path = "/health/ready",
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
pub(super) async fn ready(
    State(state): State<HttpState>,
    watcher: Result<MetricsAccess, Problem>,
) -> (StatusCode, Json<Readiness>) {
    let health = state.health.outcome(&state.app).await;
    let status = match health.status {
        CheckStatus::Failing => StatusCode::SERVICE_UNAVAILABLE,
        CheckStatus::Ok | CheckStatus::Degraded => StatusCode::OK,
    };
    let HealthReport {
        status: condition,
        version,
        checks,
    } = (*health).clone();
    let readiness = Readiness {
        status: condition,
        version: watcher.is_ok().then_some(version),
        checks: watcher.is_ok().then_some(checks),
    };
    (status, Json(readiness))
}

/// Health report
///
/// Returns the result of the same checks, always with 200: for people and dashboards.
#[utoipa::path(get, path = "/health",
    responses((status = 200, description = "What the checks found", body = HealthReport)))]
pub(super) async fn all(_: MetricsAccess, State(state): State<HttpState>) -> Json<HealthReport> {
    Json((*state.health.outcome(&state.app).await).clone())
}
