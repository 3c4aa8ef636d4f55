//! The rows of a campaign: people whom a file names, with values for its variables.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};

use super::super::imports::{ImportForm, ImportQuery, ImportView, take_in};
use crate::{
    app::App,
    campaigns,
    domain::{CampaignId, perm},
    http::{
        auth::May,
        extract::{Path, Query},
        problem::Problem,
    },
};

/// Add rows to a campaign
///
/// Takes a CSV file as an import of contacts does, and is one: who is in the file becomes a contact, or is updated, and gets a row of this
/// campaign, a draft. An audience with `rows` is those people. Up to 20 columns that give nothing to the contact are kept for variables, as
/// `row.HEADING`. The last row of a contact counts, of this file and of those before it. The campaign can be launched when the import has
/// completed.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/rows", params(("id" = CampaignId, Path), ImportQuery),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 202, description = "Stored and queued", body = ImportView),
        (status = 409, description = "Not a draft, or ten imports wait already"),
        (status = 413, description = "More than 2 GB or 5,000,000 rows"),
        (status = 415, description = "Neither CSV nor a form"),
        (status = 422, description = "Not a CSV file that can be imported, or wrong options")))]
pub async fn add(
    caller: May<(perm::CampaignsWrite, perm::ContactsImport)>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let mut tx = caller.begin().await?;
    campaigns::require_draft(&mut tx, caller.tenant, id, "given rows").await?;
    tx.commit().await?;
    let view = take_in(&app, &caller, query, request, Some(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Remove the rows of a campaign
///
/// All of them, of a draft. The contacts stay.
#[utoipa::path(delete, path = "/api/v1/campaigns/{id}/rows", params(("id" = CampaignId, Path)),
    responses((status = 204, description = "Removed")))]
pub async fn remove(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<StatusCode, Problem> {
    campaigns::empty_rows(&app.campaigns, &caller, id, "emptied of its rows").await?;
    Ok(StatusCode::NO_CONTENT)
}
