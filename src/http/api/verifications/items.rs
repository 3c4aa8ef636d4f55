//! The numbers of a verification, as a list and as CSV.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::found;
use crate::{
    app::App,
    db,
    domain::{NumberVerdict, TenantId, VerificationId, perm},
    http::{
        auth::May,
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    verifications::{self, ItemSheet, VerificationItem},
};

const LIST: &str = "verification_items";
/// Numbers read at a time.
const PAGE: i64 = 1_000;

/// Which numbers are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerificationItemQuery {
    /// Only numbers with this verdict.
    #[param(inline)]
    verdict: Option<NumberVerdict>,
}

/// A number of a verification.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationItem)]
pub(crate) struct VerificationItemView {
    /// As it was given: the first 100 characters.
    input: String,
    /// With `+` and the country code; null for what is no number.
    #[schema(required)]
    number: Option<String>,
    /// Two letters; null for what is no number, and for numbers of no country.
    #[schema(required)]
    country: Option<String>,
    /// `mobile`, `landline`, or `unknown` where a numbering plan does not tell.
    #[schema(required)]
    line: Option<&'static str>,
    /// Null until it is checked.
    #[schema(required, inline)]
    verdict: Option<NumberVerdict>,
    /// What the verdict rests on: 1 the numbering plan, 2 what became of messages.
    #[schema(required)]
    tier: Option<i64>,
    /// `numbering_plan`; of an `invalid` number `scientific`, `no_country`, `characters`, `too_short`, `too_long` or `unassigned`; of a
    /// `reachable` one `wrote`, `delivered` or `read`; of an `unreachable` one `undeliverable`.
    #[schema(required)]
    evidence: Option<String>,
    /// When that was; null for a numbering plan.
    #[schema(required)]
    evidence_at: Option<DateTime<Utc>>,
    /// When it was found out; up to 30 days before the verification.
    #[schema(required)]
    checked_at: Option<DateTime<Utc>>,
}

impl From<VerificationItem> for VerificationItemView {
    fn from(of: VerificationItem) -> Self {
        Self {
            number: of.e164(),
            country: of.country(),
            line: of.line(),
            input: of.input,
            verdict: of.verdict,
            tier: of.tier,
            evidence: of.evidence,
            evidence_at: of.evidence_at,
            checked_at: of.checked_at,
        }
    }
}

/// List the numbers of a verification
///
/// In the order in which they were given, each once; all, or those with a verdict. They are kept for 30 days after its end.
#[utoipa::path(get, path = "/api/v1/verifications/{id}/items",
    params(("id" = VerificationId, Path), PagingParams, VerificationItemQuery),
    responses((status = 200, description = "A page of numbers", body = Page<VerificationItemView>)))]
pub async fn list(
    caller: May<perm::VerificationsRun>,
    Path(id): Path<VerificationId>,
    Query(query): Query<VerificationItemQuery>,
    paging: Paging,
) -> Result<Json<Page<VerificationItemView>>, Problem> {
    let after: Option<i64> = paging.key(LIST)?;
    found(&caller, id).await?;
    let mut tx = caller.begin().await?;
    let rows = verifications::items(tx.on(), caller.tenant, id, query.verdict, after, paging.rows()).await?;
    tx.commit().await?;
    let page = Page::new(&paging, LIST, rows, |row| row.n);
    Ok(Json(page.map(VerificationItemView::from)))
}

/// Export the numbers of a verification
///
/// CSV with the members of the list. Cells that a spreadsheet program would take for a formula have a `'` before them.
#[utoipa::path(get, path = "/api/v1/verifications/{id}/export", params(("id" = VerificationId, Path)),
    responses((status = 200, description = "The numbers", body = String, content_type = "text/csv")))]
pub async fn export(
    caller: May<perm::VerificationsRun>,
    State(app): State<App>,
    Path(id): Path<VerificationId>,
) -> Result<Response, Problem> {
    found(&caller, id).await?;
    let mut response = Body::from_stream(pages(app, caller.tenant, id)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{id}.csv\""));
    headers.extend(disposition.ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    Ok(response)
}

fn pages(app: App, tenant: TenantId, id: VerificationId) -> impl Stream<Item = db::Result<Bytes>> + Send {
    stream::try_unfold(Some(ItemSheet::new()), move |sheet| {
        let app = app.clone();
        async move {
            let Some(mut sheet) = sheet else { return Ok(None) };
            let mut tx = app.db.begin_read_as(tenant).await?;
            let page = verifications::items(tx.on(), tenant, id, None, sheet.after(), PAGE).await?;
            tx.commit().await?;
            let is_last = (page.len() as i64) < PAGE;
            let text = sheet.page(page);
            Ok(Some((Bytes::from(text), (!is_last).then_some(sheet))))
        }
    })
}
