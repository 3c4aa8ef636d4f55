//! The installation's own schedules, for the operator.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};

use crate::{
    app::App,
    domain::Ctx,
    http::{
        auth::Operator,
        extract::Path,
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    schedule::{self, ScheduleError, ScheduleOverview, store::runs::StoredRun},
};

/// Returns who acts on the installation's own schedules.
fn operator() -> Ctx {
    Ctx::operator(schedule::installation())
}

/// List schedules
///
/// The work that recurs at planned times: pattern and zone, the next time, how late it is, whether it is paused, and the last five runs.
#[utoipa::path(get, path = "/admin/scheduler",
    responses((status = 200, description = "The schedules by name", body = Page<ScheduleOverview>)))]
pub async fn list(_: Operator, State(app): State<App>) -> Result<Json<Page<ScheduleOverview>>, Problem> {
    Ok(Json(Page::single(schedule::list(&app.schedules, &operator()).await?)))
}

/// List the runs of a schedule
///
/// Newest first. They are kept for 30 days.
#[utoipa::path(get, path = "/admin/scheduler/{name}/runs", params(("name" = String, Path), PagingParams),
    responses((status = 200, description = "A page of runs", body = Page<StoredRun>)))]
pub async fn runs(
    _: Operator,
    State(app): State<App>,
    Path(name): Path<String>,
    paging: Paging,
) -> Result<Json<Page<StoredRun>>, Problem> {
    let list = format!("schedule runs {name}");
    let before: Option<DateTime<Utc>> = paging.key(&list)?;
    let rows = schedule::runs(&app.schedules, &operator(), &name, before, paging.rows()).await?;
    Ok(Json(Page::new(&paging, &list, rows, |run| run.planned_at)))
}

/// Run a schedule now
///
/// Starts it once, also while it is paused. Its planned times stay as they are.
#[utoipa::path(post, path = "/admin/scheduler/{name}/run", params(("name" = String, Path)),
    responses((status = 202, description = "Started", body = StoredRun), (status = 409, description = "A run of it has not ended")))]
pub async fn run(
    _: Operator,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<StoredRun>), Problem> {
    let run = schedule::run_now(&app.schedules, &operator(), &name).await?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

/// Pause a schedule
///
/// Nothing of it is started until it is resumed; what was started goes on.
#[utoipa::path(post, path = "/admin/scheduler/{name}/pause", params(("name" = String, Path)),
    responses((status = 200, description = "Paused", body = ScheduleOverview)))]
pub async fn pause(
    _: Operator,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<ScheduleOverview>, Problem> {
    schedule::pause(&app.schedules, &operator(), &name).await?;
    Ok(Json(schedule::find(&app.schedules, &operator(), &name).await?))
}

/// Resume a schedule
///
/// It goes on at its next planned time. Times that passed while it was paused are not made up for.
#[utoipa::path(post, path = "/admin/scheduler/{name}/resume", params(("name" = String, Path)),
    responses((status = 200, description = "Resumed", body = ScheduleOverview)))]
pub async fn resume(
    _: Operator,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<ScheduleOverview>, Problem> {
    schedule::resume(&app.schedules, &operator(), &name).await?;
    Ok(Json(schedule::find(&app.schedules, &operator(), &name).await?))
}

impl From<ScheduleError> for Problem {
    fn from(error: ScheduleError) -> Self {
        match error {
            ScheduleError::Database(error) => error.into(),
            ScheduleError::Unknown(name) => {
                Problem::no_such(format_args!("schedule {name:?}; GET /admin/scheduler lists them"))
            }
            error @ (ScheduleError::StillRunning(_) | ScheduleError::Plan(_)) => Problem::new(
                StatusCode::CONFLICT,
                "conflict",
                "Conflict with the current state",
                format!("{error}."),
            ),
        }
    }
}
