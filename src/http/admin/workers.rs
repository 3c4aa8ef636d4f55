use axum::{Json, extract::State};

use crate::{
    app::App,
    http::{auth::Operator, paging::Page, problem::Problem},
    queue::admin::{self, Worker},
};

/// List workers
///
/// The processes heard of within the last minute, and what they have in hand.
#[utoipa::path(get, path = "/admin/workers",
    responses((status = 200, description = "The workers", body = Page<Worker>)))]
pub async fn list(_: Operator, State(app): State<App>) -> Result<Json<Page<Worker>>, Problem> {
    Ok(Json(Page::whole(admin::workers(&app.db, app.clock.now()).await?)))
}
