//! Whether this process lives, whether it should be sent requests, and how everything it stands on is doing. The first two are open to
//! anybody who can reach them, and cheap for that reason: the checks run once a second at most, however often they are asked for. The
//! details are for whoever may see metrics.

mod checks;

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use checks::{Database, Disk, QueueLag, Redis, State as Condition};

use super::{auth::Watcher, edge::Edge, problem::Problem};
use crate::app::App;

/// For so long an answer is given again.
const FRESH: Duration = Duration::from_secs(1);

pub fn routes() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(all))
}

/// The outcome of the checks, for a moment.
#[derive(Default)]
pub struct Checks(Mutex<Option<(Instant, Arc<Health>)>>);

impl Checks {
    async fn outcome(&self, app: &App) -> Arc<Health> {
        let mut last = self.0.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < FRESH
        {
            return health.clone();
        }
        let health = Arc::new(check(app).await);
        *last = Some((Instant::now(), health.clone()));
        health
    }
}

/// How the process and what it stands on are doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// The worst of the checks: `ok`; `degraded`, when webhooks are taken but something else suffers; `failing`, when they are not.
    pub status: Condition,
    pub version: &'static str,
    pub checks: Outcomes,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Outcomes {
    pub database: Database,
    /// Absent when the queue lives in the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    pub queue_lag: QueueLag,
    pub disk: Disk,
}

/// Whether it is ready; with the details for whoever may see them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// The worst of the checks; see `GET /health`.
    pub status: Condition,
    /// Only with the metrics token or where metrics are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'static str>,
    /// Only with the metrics token or where metrics are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Outcomes>,
}

/// That the process runs.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    pub status: Condition,
}

async fn check(app: &App) -> Health {
    let (database, redis, queue_lag, disk) = tokio::join!(
        checks::database(app),
        checks::redis(app),
        checks::queue_lag(app),
        checks::disk(app)
    );
    let redis_status = redis.as_ref().map_or(Condition::Ok, |redis| redis.status);
    let status = database.status.max(redis_status).max(queue_lag.status).max(disk.status);
    Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        checks: Outcomes {
            database,
            redis,
            queue_lag,
            disk,
        },
    }
}

/// Liveness probe
///
/// Restart it when this does not answer.
#[utoipa::path(get, path = "/health/live",
    responses((status = 200, description = "It does", body = Alive)))]
async fn live() -> Json<Alive> {
    Json(Alive { status: Condition::Ok })
}

/// Readiness probe
///
/// 503 while webhooks could not be stored: the database does not answer or has migrations to come, or, on SQLite, the disk is
/// nearly full. A Redis that does not answer and a queue that lags are shown as `degraded` with 200, since webhooks are stored and
/// answered all the same; taking the process out of service for that would lose what it still can do. Open to anybody; `version` and
/// `checks` are only for whoever may see metrics.
#[utoipa::path(get, path = "/health/ready",
    responses((status = 200, description = "Ready", body = Readiness), (status = 503, description = "Not ready", body = Readiness)))]
async fn ready(State(edge): State<Edge>, watcher: Result<Watcher, Problem>) -> (StatusCode, Json<Readiness>) {
    let health = edge.health.outcome(&edge.app).await;
    let status = match health.status {
        Condition::Failing => StatusCode::SERVICE_UNAVAILABLE,
        Condition::Ok | Condition::Degraded => StatusCode::OK,
    };
    let Health {
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
/// The same checks, always answered 200: for people and dashboards.
#[utoipa::path(get, path = "/health",
    responses((status = 200, description = "What the checks found", body = Health)))]
async fn all(_: Watcher, State(edge): State<Edge>) -> Json<Health> {
    Json((*edge.health.outcome(&edge.app).await).clone())
}
