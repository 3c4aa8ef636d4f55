//! Verifications of numbers.

pub(crate) mod items;
mod problems;
mod view;

use axum::{
    Json as Body,
    extract::{Request, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;

use view::VerificationView;

use crate::{
    app::App,
    domain::{VerificationId, perm},
    http::{
        BODY_BYTES,
        auth::{May, TenantAccess},
        body::{parse_charged_up_to, read_json},
        extract::Path,
        paging::{Page, Paging, PagingParams},
        problem::Problem,
        request_context,
    },
    verifications::{self, MAX_NUMBERS, VerificationRequest},
};

const LIST: &str = "verifications";
/// Most values of a request: the numbers, and what is around them.
const VALUES: usize = MAX_NUMBERS + 100;

/// Numbers to verify.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVerification {
    /// As people write them. Those that come again, in whatever way they are written, are checked once.
    #[schema(min_items = 1, max_items = 10_000)]
    numbers: Vec<String>,
    /// The country of numbers without a country code, such as `DE`.
    #[schema(pattern = "^[A-Za-z]{2}$")]
    default_country: Option<String>,
    /// Whether to check anew what was found out in the last 30 days.
    #[serde(default)]
    fresh: bool,
}

/// Verify numbers
///
/// Checks up to 10,000 numbers in the background; a tenant may begin ten verifications an hour. Meta cannot say whether a number has WhatsApp:
/// a verdict rests on the numbering plan (tier 1: `invalid`, `valid`) or on what became of messages (tier 2: `reachable`, `unreachable`), and
/// says which, and how old that is. `unreachable` does not say that a number has no WhatsApp.
#[utoipa::path(post, path = "/api/v1/verifications", request_body = NewVerification,
    responses((status = 202, description = "Stored and queued", body = VerificationView)))]
pub async fn create(
    caller: May<perm::VerificationsRun>,
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Body<VerificationView>), Problem> {
    let (head, body) = request.into_parts();
    let body = read_json(&head, body, BODY_BYTES).await?;
    let given: NewVerification = parse_charged_up_to(&request_context::memory(&head), &body, VALUES)?;
    let request = VerificationRequest {
        numbers: given.numbers,
        default_country: given.default_country,
        fresh: given.fresh,
    };
    let id = verifications::accept(&app.verifications, &caller, request).await?;
    Ok((StatusCode::ACCEPTED, Body(found(&caller, id).await?)))
}

/// List verifications
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/verifications", params(PagingParams),
    responses((status = 200, description = "A page of verifications", body = Page<VerificationView>)))]
pub async fn list(
    caller: May<perm::VerificationsRun>,
    paging: Paging,
) -> Result<Body<Page<VerificationView>>, Problem> {
    let before: Option<VerificationId> = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let rows = verifications::list(tx.on(), caller.tenant, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::new(&paging, LIST, rows, |row| row.id).map(VerificationView::from),
    ))
}

/// Show a verification
///
/// With its progress, and the numbers so far by verdict.
#[utoipa::path(get, path = "/api/v1/verifications/{id}", params(("id" = VerificationId, Path)),
    responses((status = 200, description = "The verification", body = VerificationView)))]
pub async fn show(
    caller: May<perm::VerificationsRun>,
    Path(id): Path<VerificationId>,
) -> Result<Body<VerificationView>, Problem> {
    Ok(Body(found(&caller, id).await?))
}

/// Cancel a verification
///
/// One that waits ends at once, one that runs within a few seconds. What it has found out stays. One that has ended stays as it is.
#[utoipa::path(delete, path = "/api/v1/verifications/{id}", params(("id" = VerificationId, Path)),
    responses((status = 202, description = "It ends", body = VerificationView)))]
pub async fn cancel(
    caller: May<perm::VerificationsRun>,
    State(app): State<App>,
    Path(id): Path<VerificationId>,
) -> Result<(StatusCode, Body<VerificationView>), Problem> {
    verifications::cancel(&app.verifications, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, Body(found(&caller, id).await?)))
}

async fn found(caller: &TenantAccess, id: VerificationId) -> Result<VerificationView, Problem> {
    let mut tx = caller.begin().await?;
    let found = verifications::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found(format_args!("verification {id}")))?;
    Ok(VerificationView::from(found))
}
