//! Imports of contacts.

mod problems;
mod request;
pub(crate) mod sheets;
mod view;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
};

pub(super) use view::ImportView;

use crate::{
    app::App,
    contacts::import::{self, ImportOptions},
    domain::{CampaignId, ImportId, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
};
use problems::import_problem;
use request::ImportBody;
pub(super) use request::{ImportForm, ImportQuery};

const LIST: &str = "imports";

/// Import contacts
///
/// Takes a CSV file of up to 2 GB and 5,000,000 rows, as a form or as a body of type `text/csv`, and answers once it is stored. What is wrong with the file
/// as a whole is a 422; what is wrong with a row is an error of the import. One import of a tenant runs at a time, and ten more may wait.
///
/// Delimiter, encoding and header are found out unless they are said. Columns called like what they give (`phone`, `user_id`, `external_id`,
/// `name`, `language`, `country`, `time_zone`, `tags`, `lists`, `fields.KEY`) map themselves.
#[utoipa::path(post, path = "/api/v1/contacts/imports", params(ImportQuery),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 202, description = "Stored and queued", body = ImportView),
        (status = 409, description = "Ten imports wait already"),
        (status = 413, description = "More than 2 GB or 5,000,000 rows"),
        (status = 415, description = "Neither CSV nor a form"),
        (status = 422, description = "Not a CSV file that can be imported, or wrong options")))]
pub async fn create(
    caller: May<perm::ContactsImport>,
    State(app): State<App>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let view = take_in(&app, &caller, query, request, None).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Stores the file of a request and queues its import, of contacts or also of the rows of a campaign.
pub(super) async fn take_in(
    app: &App,
    caller: &TenantAccess,
    query: ImportQuery,
    request: Request,
    campaign: Option<CampaignId>,
) -> Result<ImportView, Problem> {
    let id = match ImportBody::of(request).await? {
        ImportBody::Csv(body) => {
            let pieces = Body::into_data_stream(body);
            let options = ImportOptions {
                campaign,
                ..query.options()?
            };
            let id = import::accept(&app.imports, caller, options, pieces).await;
            id.map_err(import_problem)?
        }
        ImportBody::Form(form) => request::from_form(&app.imports, caller, form, query, campaign).await?,
    };
    found(caller, id).await
}

/// List imports
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/contacts/imports", params(PagingParams),
    responses((status = 200, description = "A page of imports", body = Page<ImportView>)))]
pub async fn list(caller: May<perm::ContactsRead>, paging: Paging) -> Result<Json<Page<ImportView>>, Problem> {
    let before: Option<ImportId> = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let rows = import::list(tx.on(), caller.tenant, before, paging.rows()).await?;
    tx.commit().await?;
    let page = Page::new(&paging, LIST, rows, |row| row.id);
    Ok(Json(page.map(|row| ImportView::new(row, false))))
}

/// Show an import
///
/// With its progress; of a trial also what would become of the first 1,000 rows.
#[utoipa::path(get, path = "/api/v1/contacts/imports/{id}", params(("id" = ImportId, Path)),
    responses((status = 200, description = "The import", body = ImportView)))]
pub async fn show(caller: May<perm::ContactsRead>, Path(id): Path<ImportId>) -> Result<Json<ImportView>, Problem> {
    Ok(Json(found(&caller, id).await?))
}

async fn found(caller: &TenantAccess, id: ImportId) -> Result<ImportView, Problem> {
    let mut tx = caller.begin().await?;
    let found = import::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found(format_args!("import {id}")))?;
    Ok(ImportView::new(found, true))
}

/// Cancel an import
///
/// One that waits ends at once, one that runs within a few seconds. What it wrote stays. One that has ended stays as it is.
#[utoipa::path(delete, path = "/api/v1/contacts/imports/{id}", params(("id" = ImportId, Path)),
    responses((status = 202, description = "It ends", body = ImportView)))]
pub async fn cancel(
    caller: May<perm::ContactsImport>,
    State(app): State<App>,
    Path(id): Path<ImportId>,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    import::cancel(&app.imports, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, Json(found(&caller, id).await?)))
}
