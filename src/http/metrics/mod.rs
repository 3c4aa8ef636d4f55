//! The Prometheus endpoint: open with the metrics token, on a listener of its own, or where the API listens on loopback only.

mod process;

use std::time::Duration;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use metrics::gauge;
use tokio::{sync::Mutex, time::Instant};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{auth::MetricsAccess, health, state::HttpState};
use crate::{
    app::App,
    domain::{Ctx, Provider},
    jobs::QUEUES,
    media::META_KEEPS,
    memory::MemoryBudget,
    queue::{admin, recurring},
    schedule,
};

/// Minimum time between two queries for figures, however many scrape.
const CACHE_TTL: Duration = Duration::from_secs(5);
/// Time limit of a query; after it the figures stay as they were.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The time of the last query for figures.
#[derive(Default)]
pub(crate) struct Scrape(Mutex<Option<Instant>>);

impl Scrape {
    async fn refresh(&self, app: &App, memory: &MemoryBudget) {
        let used = app.db.pool_usage();
        gauge!("mainstay_database_connections", "state" => "open").set(f64::from(used.open));
        gauge!("mainstay_database_connections", "state" => "idle").set(f64::from(used.idle));
        gauge!("mainstay_request_bytes", "state" => "free").set(memory.free() as f64);
        gauge!("mainstay_intake_waiting").set(app.intake.waiting() as f64);
        process::refresh(app.clock.now());
        installation(app);
        if let Some(free_mb) = health::free_disk_mb(app).await {
            gauge!("mainstay_disk_free_bytes").set(free_mb as f64 * 1_048_576.0);
        }
        let mut read_at = self.0.lock().await;
        if read_at.is_none_or(|at| at.elapsed() >= CACHE_TTL) {
            *read_at = Some(Instant::now());
            queues(app).await;
            schedules(app).await;
            media(app).await;
        }
    }
}

/// Sets what this process knows of itself, of its channels and of the provider.
fn installation(app: &App) {
    let database = if app.db.is_postgres() { "postgres" } else { "sqlite" };
    let queue = if app.config.redis.is_some() { "redis" } else { "memory" };
    let version = env!("CARGO_PKG_VERSION");
    gauge!("mainstay_build_info", "version" => version, "database" => database, "queue" => queue).set(1.0);
    let unreachable = app.messaging.providers.outage().is_some();
    gauge!("mainstay_provider_unreachable", "provider" => Provider::Meta.as_str()).set(f64::from(unreachable));
    gauge!("mainstay_channel_breakers_open").set(app.directory.current().count_tripped() as f64);
}

/// Sets the time until Meta deletes the first media that is not fetched yet; below zero some is lost. A week when nothing waits.
async fn media(app: &App) {
    let asked = crate::media::store::soonest_deadline(app.db.reader());
    let Ok(Ok(soonest)) = tokio::time::timeout(QUERY_TIMEOUT, asked).await else {
        return;
    };
    let left = soonest.map_or(META_KEEPS, |deadline| deadline - app.clock.now());
    gauge!("mainstay_media_deadline_seconds").set(left.num_seconds() as f64);
}

/// Sets how late the installation's own schedules are.
async fn schedules(app: &App) {
    let ctx = Ctx::operator(schedule::installation());
    let asked = schedule::list(&app.schedules, &ctx);
    let Ok(Ok(schedules)) = tokio::time::timeout(QUERY_TIMEOUT, asked).await else {
        return;
    };
    for schedule in schedules {
        gauge!("mainstay_schedule_lag_seconds", "schedule" => schedule.name).set(schedule.lag_seconds);
    }
}

/// Sets the figures of the queues. They stay as they were while the database does not answer.
async fn queues(app: &App) {
    for queue in QUEUES {
        if queue.is_recurring() {
            let asked = recurring::count_failing(app.db.reader(), queue);
            let Ok(Ok(failing)) = tokio::time::timeout(QUERY_TIMEOUT, asked).await else {
                return;
            };
            gauge!("mainstay_recurring_job_failing", "queue" => queue.name).set(failing as f64);
        }
        let asked = admin::stats(&app.db, &app.queues, queue, app.clock.now());
        let Ok(Ok(stats)) = tokio::time::timeout(QUERY_TIMEOUT, asked).await else {
            return;
        };
        let depth = |state: &'static str, jobs: i64| {
            gauge!("mainstay_queue_jobs", "queue" => queue.name, "state" => state).set(jobs as f64);
        };
        depth("pending", stats.pending);
        depth("scheduled", stats.scheduled);
        depth("running", stats.running);
        depth("dead", stats.dead);
        depth("archived", stats.archived);
        let oldest = stats.oldest_pending_seconds.unwrap_or(0.0);
        gauge!("mainstay_queue_oldest_pending_seconds", "queue" => queue.name).set(oldest);
        gauge!("mainstay_queue_paused", "queue" => queue.name).set(if stats.paused { 1.0 } else { 0.0 });
    }
}

/// Metrics
///
/// Returns the metrics in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain")))]
pub(super) async fn show(_: MetricsAccess, State(state): State<HttpState>) -> Response {
    state.scrape.refresh(&state.app, &state.memory).await;
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, state.app.metrics.render() + &process::cpu_seconds()).into_response()
}
