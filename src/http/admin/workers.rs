use axum::{Json, extract::State};

use crate::{
    app::App,
    http::{auth::Operator, paging::Page, problem::Problem},
    queue::admin::{self, Worker},
};

/// List workers
///
/// The processes with a heartbeat within the last minute, and the jobs they are running.
#[utoipa::path(get, path = "/admin/workers",
    responses((status = 200, description = "The workers", body = Page<Worker>)))]
pub async fn list(_: Operator, State(app): State<App>) -> Result<Json<Page<Worker>>, Problem> {
    Ok(Json(Page::single(admin::workers(&app.db, app.clock.now()).await?)))
}
