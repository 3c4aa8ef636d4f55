//! The files of exports, by link.

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::file;
use crate::{
    domain::ExportId,
    exports::{self, ExportState},
    http::{
        extract::{Path, Query},
        problem::Problem,
        state::HttpState,
    },
    storage,
};

/// The link to the file of an export.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportContentQuery {
    /// The token of the link.
    token: Option<String>,
}

/// Download an export
///
/// By the link from `GET /api/v1/exports/{id}`, without an API key.
#[utoipa::path(get, path = "/api/v1/exports/{id}/content", params(("id" = ExportId, Path), ExportContentQuery),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 401, description = "No link"),
        (status = 403, description = "The link is not good, or not any more"),
        (status = 410, description = "The file was removed")))]
pub async fn download(
    State(state): State<HttpState>,
    id: Result<Path<ExportId>, Problem>,
    Query(query): Query<ExportContentQuery>,
) -> Result<Response, Problem> {
    let app = &state.app;
    let refused = || {
        let detail =
            "The link was not made here, was changed, or has expired. Get another from `GET /api/v1/exports/{id}`.";
        Problem::forbidden("link-invalid", detail)
    };
    let Some(token) = query.token else {
        let detail = "Open the link from `GET /api/v1/exports/{id}`: its token stands in for an API key.";
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Unauthorized",
            detail,
        ));
    };
    let link = exports::read_link(&app.config.keyring, &token, app.clock.now()).ok_or_else(refused)?;
    let Path(id) = id?;
    if link.export != id {
        return Err(refused());
    }
    let mut tx = state.read_limiter.begin(app, link.tenant).await?;
    let found = exports::find(tx.on(), link.tenant, id).await?;
    tx.commit().await?;
    let report = found.filter(|it| it.state == ExportState::Ready).ok_or_else(gone)?;
    let pieces = app.exports.storage.read(&report.key(), None).await;
    let pieces = pieces.map_err(|error| match error {
        storage::Error::Missing => gone(),
        error => {
            tracing::error!(%error, "the file of an export could not be read");
            let words = "The file storage is not available at the moment. Try again in a few seconds.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "storage-unavailable", "Temporarily unavailable", words).retry_after(5)
        }
    })?;
    let format = report.spec.style.format;
    let name = format!("{}.{}", report.spec.subject.name(), format.ending());
    Ok(file(Body::from_stream(pieces), format, &name))
}

fn gone() -> Problem {
    let detail = "The file of the export was removed. Export once more.";
    Problem::new(StatusCode::GONE, "export-expired", "No longer available", detail)
}
