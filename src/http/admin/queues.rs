use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    http::{api::BacklogView, auth::Operator, extract::Path, paging::Page, problem::Problem},
    jobs::QUEUES,
    queue::{
        Queue,
        admin::{self, QueueStats},
    },
    webhooks::{ENDPOINT_JOBS, store::deliveries},
};

/// A queue with its statistics.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueState)]
pub(crate) struct QueueView {
    #[serde(flatten)]
    pub stats: QueueStats,
    /// The deliveries that wait for the endpoints, whose jobs are counted above; null for other queues.
    #[schema(required)]
    pub deliveries: Option<BacklogView>,
}

impl QueueView {
    async fn read(app: &App, queue: &Queue) -> Result<Self, Problem> {
        let now = app.clock.now();
        let deliveries = match queue.name == ENDPOINT_JOBS.name {
            true => Some(deliveries::total_backlog(app.db.reader()).await?),
            false => None,
        };
        Ok(Self {
            stats: admin::stats(&app.db, &app.queues, queue, now).await?,
            deliveries: deliveries.map(|backlog| BacklogView::of(backlog, now)),
        })
    }
}

/// Whether workers take from a queue.
#[derive(Serialize, ToSchema)]
pub struct Paused {
    pub name: String,
    pub paused: bool,
}

/// Returns the queue that a path names.
pub fn named(name: &str) -> Result<&'static Queue, Problem> {
    let found = QUEUES.iter().find(|queue| queue.name == name);
    found.ok_or_else(|| Problem::no_such(format_args!("queue {name:?}; GET /admin/queues lists them")))
}

/// List queues
#[utoipa::path(get, path = "/admin/queues",
    responses((status = 200, description = "All queues with their statistics", body = Page<QueueView>)))]
pub async fn list(_: Operator, State(app): State<App>) -> Result<Json<Page<QueueView>>, Problem> {
    let mut all = Vec::with_capacity(QUEUES.len());
    for queue in QUEUES {
        all.push(QueueView::read(&app, queue).await?);
    }
    Ok(Json(Page::single(all)))
}

/// Show a queue
#[utoipa::path(get, path = "/admin/queues/{name}", params(("name" = String, Path)),
    responses((status = 200, description = "The queue with its statistics", body = QueueView)))]
pub async fn show(_: Operator, State(app): State<App>, Path(name): Path<String>) -> Result<Json<QueueView>, Problem> {
    Ok(Json(QueueView::read(&app, named(&name)?).await?))
}

/// Pause a queue
///
/// Within half a second workers take no more jobs from it; running jobs finish.
#[utoipa::path(post, path = "/admin/queues/{name}/pause", params(("name" = String, Path)),
    responses((status = 200, description = "Paused", body = Paused)))]
pub async fn pause(_: Operator, State(app): State<App>, Path(name): Path<String>) -> Result<Json<Paused>, Problem> {
    let queue = named(&name)?;
    admin::pause(&app.db, queue, app.clock.now()).await?;
    Ok(Json(Paused { name, paused: true }))
}

/// Resume a queue
#[utoipa::path(post, path = "/admin/queues/{name}/resume", params(("name" = String, Path)),
    responses((status = 200, description = "Resumed", body = Paused)))]
pub async fn resume(_: Operator, State(app): State<App>, Path(name): Path<String>) -> Result<Json<Paused>, Problem> {
    let queue = named(&name)?;
    admin::resume(&app.db, queue).await?;
    Ok(Json(Paused { name, paused: false }))
}
