//! The errors of an import, and a file to begin with, as CSV.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream};

use crate::{
    app::App,
    contacts::import::{self, ErrorSheet},
    db,
    domain::{ImportId, TenantId, perm},
    http::{auth::May, extract::Path, problem::Problem},
};

/// Errors read at a time.
const PAGE: i64 = 1_000;

/// Download the errors of an import
///
/// CSV with `row`, `code`, `column` and `value`; the header of the imported file is row 1. The first 100,000 errors are kept, for 30 days
/// after the import's end.
#[utoipa::path(get, path = "/api/v1/contacts/imports/{id}/errors.csv", params(("id" = ImportId, Path)),
    responses((status = 200, description = "The errors", body = String, content_type = "text/csv")))]
pub async fn errors(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
    Path(id): Path<ImportId>,
) -> Result<Response, Problem> {
    let mut tx = caller.begin().await?;
    let found = import::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found(format_args!("import {id}")))?;
    let pages = pages(app.clone(), caller.tenant, id);
    Ok(csv(Body::from_stream(pages), &format!("{id}-errors.csv")))
}

fn pages(app: App, tenant: TenantId, id: ImportId) -> impl Stream<Item = db::Result<Bytes>> + Send {
    stream::try_unfold(Some(ErrorSheet::new()), move |sheet| {
        let app = app.clone();
        async move {
            let Some(mut sheet) = sheet else { return Ok(None) };
            let mut tx = app.db.begin_read_as(tenant).await?;
            let page = import::errors(tx.on(), tenant, id, sheet.after(), PAGE).await?;
            tx.commit().await?;
            let is_last = (page.len() as i64) < PAGE;
            let text = sheet.page(page);
            Ok(Some((Bytes::from(text), (!is_last).then_some(sheet))))
        }
    })
}

/// Download a sample file
///
/// A CSV file with every column that an import knows, the tenant's custom fields among them, and one row as an example.
#[utoipa::path(get, path = "/api/v1/contacts/imports/sample.csv",
    responses((status = 200, description = "The file", body = String, content_type = "text/csv")))]
pub async fn sample(caller: May<perm::ContactsRead>, State(app): State<App>) -> Result<Response, Problem> {
    let text = import::sample_file(&app.imports, caller.tenant).await?;
    Ok(csv(Body::from(text), "contacts.csv"))
}

/// Returns CSV as a file of this name.
fn csv(body: Body, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    response
}
