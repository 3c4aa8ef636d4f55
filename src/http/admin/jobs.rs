//! The jobs of a queue, for the operator.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::queues::named;
use crate::{
    app::App,
    domain::WorkState,
    http::{
        auth::Operator,
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    jobs::{dead_letters, id_prefix},
    queue::{
        Queue,
        admin::{self, JobCursor, JobRow, JobState},
    },
};

/// A job of a queue: a row of its table.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    /// The id of the row, e.g. of the stored webhook.
    pub id: String,
    #[schema(inline)]
    pub state: WorkState,
    /// Attempts counted so far.
    pub attempts: i64,
    /// When it is due; while it runs, when its lease ends.
    pub due_at: DateTime<Utc>,
    #[schema(required)]
    pub last_error: Option<String>,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// When a dead job was archived, after which it is not revived any more.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
}

impl JobView {
    fn new(queue: &Queue, row: JobRow) -> Self {
        Self {
            id: format!("{}_{}", id_prefix(queue), row.id.simple()),
            state: row.state,
            attempts: row.attempts,
            due_at: row.due_at,
            last_error: row.last_error,
            finished_at: row.finished_at,
            archived_at: row.archived_at,
        }
    }
}

/// Selects the jobs of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListJobsQuery {
    /// `pending` (unless said otherwise), `scheduled`, `running`, `done`, `dead`, `quarantined` or `discarded`.
    #[param(pattern = "^(pending|scheduled|running|done|dead|quarantined|discarded)$")]
    state: Option<String>,
}

/// List the jobs of a queue
///
/// Unfinished jobs by due time, the earliest first; finished ones newest first.
#[utoipa::path(get, path = "/admin/queues/{name}/jobs",
    params(("name" = String, Path), PagingParams, ListJobsQuery),
    responses((status = 200, description = "A page of jobs", body = Page<JobView>)))]
pub async fn list(
    _: Operator,
    State(app): State<App>,
    Path(name): Path<String>,
    paging: Paging,
    Query(query): Query<ListJobsQuery>,
) -> Result<Json<Page<JobView>>, Problem> {
    let queue = named(&name)?;
    let state = job_state(query.state.as_deref().unwrap_or("pending"))?;
    let list = format!("jobs {name} {}", state.as_str());
    let after: Option<(DateTime<Utc>, Uuid)> = paging.key(&list)?;
    let after = after.map(|(due_at, id)| JobCursor { due_at, id });
    let rows = admin::jobs(&app.db, queue, state, paging.rows(), after, app.clock.now()).await?;
    Ok(Json(
        Page::new(&paging, &list, rows, |row| (row.due_at, row.id)).map(|row| JobView::new(queue, row)),
    ))
}

/// Retry a job
///
/// Makes a pending, dead, quarantined or discarded job due now, with its attempts and revivals counted from zero.
#[utoipa::path(post, path = "/admin/queues/{name}/jobs/{id}/retry",
    params(("name" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "Due now", body = JobView), (status = 409, description = "The job is done or running")))]
pub async fn retry(
    _: Operator,
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<JobView>, Problem> {
    let (queue, id) = (named(&name)?, job_id(&id)?);
    let changed = admin::retry(&app.db, &app.queues, queue, &[id], app.clock.now()).await?;
    answer(&app, queue, id, !changed.is_empty()).await
}

/// Discard a job
///
/// Discards a pending, dead or quarantined job for good.
#[utoipa::path(post, path = "/admin/queues/{name}/jobs/{id}/discard",
    params(("name" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "Discarded", body = JobView), (status = 409, description = "The job is done, running or discarded")))]
pub async fn discard(
    _: Operator,
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<JobView>, Problem> {
    let (queue, id) = (named(&name)?, job_id(&id)?);
    let changed = admin::discard(&app.db, queue, &[id], app.clock.now()).await?;
    answer(&app, queue, id, !changed.is_empty()).await
}

/// Archive a dead job
///
/// A dead job that is archived is not revived any more. A message whose job it was fails, or is held as unknown if it may have been sent.
#[utoipa::path(post, path = "/admin/queues/{name}/jobs/{id}/archive",
    params(("name" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "Archived", body = JobView), (status = 409, description = "The job is not dead, or archived already")))]
pub async fn archive(
    _: Operator,
    State(app): State<App>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<JobView>, Problem> {
    let (queue, id) = (named(&name)?, job_id(&id)?);
    let changed = dead_letters::archive((&app.db, &app.clock), queue, &[id]).await?;
    answer(&app, queue, id, !changed.is_empty()).await
}

/// Returns the job after a change, or a 409 if it was not in a state for the change.
async fn answer(app: &App, queue: &Queue, id: Uuid, changed: bool) -> Result<Json<JobView>, Problem> {
    let Some(row) = admin::job(&app.db, queue, id).await? else {
        return Err(Problem::no_such(format_args!(
            "job of that id in the queue {}",
            queue.name
        )));
    };
    if changed {
        return Ok(Json(JobView::new(queue, row)));
    }
    let detail = format!("The job is {}, so it is not changed.", row.state);
    Err(Problem::new(
        StatusCode::CONFLICT,
        "conflict",
        "Conflict with the current state",
        detail,
    ))
}

fn job_state(text: &str) -> Result<JobState, Problem> {
    JobState::parse(text).ok_or_else(|| {
        let states = JobState::ALL.map(JobState::as_str).join(", ");
        Problem::invalid(format!("`state` must be one of {states}."))
    })
}

/// Parses a job id, with or without the prefix of its kind.
fn job_id(text: &str) -> Result<Uuid, Problem> {
    let digits = text.rsplit_once('_').map_or(text, |(_, digits)| digits);
    Uuid::try_parse(digits).map_err(|_| Problem::invalid("The id of a job ends with 32 hexadecimal digits."))
}
