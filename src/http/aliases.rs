//! Second addresses of the operator's and the health routes, under which monitoring often looks. They take what the first ones take.

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
    routing::get,
};

use super::{admin, health, metrics, problem::Problem, state::HttpState};

/// Returns the routes of the second addresses. They are not in the document, which has the first.
pub(super) fn routes() -> Router<HttpState> {
    Router::new()
        .route("/scheduler/status", get(admin::scheduler::list))
        .route("/api/monitoring/scheduler", get(admin::scheduler::list))
        .route("/api/monitoring/dlq/stats", get(admin::dead_letters::stats))
        .route("/api/monitoring/health", get(health::all))
        .route("/api/monitoring/live", get(health::live))
        .route("/api/monitoring/ready", get(health::ready))
        .route("/api/monitoring/metrics", get(metrics::show))
        .layer(middleware::from_fn(refuse_parameters))
}

/// Rejects query parameters, as the first addresses reject those that they do not have.
async fn refuse_parameters(request: Request, next: Next) -> Result<Response, Problem> {
    match request.uri().query() {
        None | Some("") => Ok(next.run(request).await),
        Some(_) => Err(Problem::invalid(
            "There are no parameters here: leave out all from the question mark on.",
        )),
    }
}
