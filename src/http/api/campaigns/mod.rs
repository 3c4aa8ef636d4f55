//! Campaigns: drafts, launches, and what becomes of recipients.

pub(crate) mod control;
pub(crate) mod preflight;
mod problems;
pub(crate) mod report;
mod request;
pub(crate) mod retries;
pub(crate) mod rows;
mod view;

use axum::{
    Json as Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::contacts::{
    detail::{ETag, etag},
    write::if_match,
};
use crate::{
    app::App,
    campaigns::{self, CampaignChange, RecipientFilter, store},
    domain::{CampaignId, CampaignStatus, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Json, Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records,
};
use request::{ChangedCampaign, NewCampaign};
use view::{CampaignFailure, CampaignNumbers, CampaignView, RecipientView};

const LIST: &str = "campaigns";
const RECIPIENTS: &str = "campaign_recipients";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampaignQuery {
    /// Of this status only.
    status: Option<CampaignStatus>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecipientQuery {
    /// `pending`, `suppressed`, or the status of a message.
    status: Option<String>,
    /// Suppressed for this reason only.
    reason: Option<String>,
}

/// List campaigns
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/campaigns", params(CampaignQuery, PagingParams),
    responses((status = 200, description = "A page of campaigns", body = Page<CampaignView>)))]
pub async fn list(
    caller: May<perm::CampaignsRead>,
    Query(query): Query<CampaignQuery>,
    paging: Paging,
) -> Result<Body<Page<CampaignView>>, Problem> {
    let before: Option<CampaignId> = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let rows = store::list(tx.on(), caller.tenant, query.status, before, paging.rows()).await?;
    tx.commit().await?;
    let views: Vec<CampaignView> = rows
        .into_iter()
        .map(|row| CampaignView::new(row, None))
        .collect::<Result<_, _>>()?;
    Ok(Body(Page::new(&paging, LIST, views, |it| it.id)))
}

/// Create a campaign
///
/// A draft: nothing is sent before it is launched. The audience, the channels and the variables are checked now, the template at the launch.
#[utoipa::path(post, path = "/api/v1/campaigns", request_body = NewCampaign,
    responses((status = 201, description = "Created", body = CampaignView)))]
pub async fn create(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Json(new): Json<NewCampaign>,
) -> Result<(StatusCode, ETag, Body<CampaignView>), Problem> {
    let name = new.name.clone();
    let made = campaigns::create(&app.campaigns, &caller, &name, &new.spec()).await?;
    let (tag, view) = shown(&app, &caller, made.id).await?;
    Ok((StatusCode::CREATED, tag, view))
}

/// Show a campaign
///
/// With how many recipients are in each state now, why they wait, and its failures.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The campaign", body = CampaignView)))]
pub async fn show(
    caller: May<perm::CampaignsRead>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    shown(&app, &caller, id).await
}

pub(super) async fn shown(
    app: &App,
    caller: &TenantAccess,
    id: CampaignId,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    let mut tx = caller.begin().await?;
    let campaign = campaigns::find(&mut tx, caller.tenant, id).await?;
    let progress = campaigns::progress(tx.on(), caller.tenant, id, campaign.status).await?;
    let rows = records::campaigns::find_rows(tx.on(), caller.tenant, id).await?;
    let failures = records::campaigns::failures(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let waiting_for = campaigns::waiting_for(&app.campaigns, &campaign, &progress).await?;
    let failure = |(code, count)| CampaignFailure { code, count };
    let numbers = CampaignNumbers {
        waiting_for,
        progress,
        rows,
        failures: failures.into_iter().map(failure).collect(),
    };
    let view = CampaignView::new(campaign, Some(numbers))?;
    Ok((etag(view.version), Body(view)))
}

/// Update a campaign
///
/// While it is a draft. One that is scheduled becomes a draft again, to be launched anew. With the header `If-Match`, the `ETag` of the
/// campaign as you have seen it, a change that somebody else made meanwhile is answered with 412.
#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", params(("id" = CampaignId, Path),
    ("if-match" = Option<String>, Header, description = "The `ETag` of the campaign")), request_body = ChangedCampaign,
    responses((status = 200, description = "Changed", body = CampaignView)))]
pub async fn change(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    headers: HeaderMap,
    Json(change): Json<ChangedCampaign>,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    let change = CampaignChange {
        name: change.name.clone(),
        spec: change.spec(),
        version: if_match(&headers)?,
    };
    campaigns::update(&app.campaigns, &caller, id, change).await?;
    shown(&app, &caller, id).await
}

/// Remove a draft
#[utoipa::path(delete, path = "/api/v1/campaigns/{id}", params(("id" = CampaignId, Path)),
    responses((status = 204, description = "Removed")))]
pub async fn remove(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<StatusCode, Problem> {
    campaigns::remove(&app.campaigns, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Duplicate a campaign
///
/// A draft with the same audience, channels, template and settings.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/duplicate", params(("id" = CampaignId, Path)),
    responses((status = 201, description = "Created", body = CampaignView)))]
pub async fn duplicate(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<(StatusCode, ETag, Body<CampaignView>), Problem> {
    let made = campaigns::duplicate(&app.campaigns, &caller, id).await?;
    let (tag, view) = shown(&app, &caller, made.id).await?;
    Ok((StatusCode::CREATED, tag, view))
}

/// List the recipients of a campaign
///
/// Everybody who is in its audience, with what became of them. With `status` or `reason` a page looks at 5,000 recipients at most: it may hold few or none,
/// and still have a next one.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/recipients", params(("id" = CampaignId, Path), RecipientQuery, PagingParams),
    responses((status = 200, description = "A page of recipients", body = Page<RecipientView>)))]
pub async fn recipients(
    caller: May<perm::CampaignsRead>,
    Path(id): Path<CampaignId>,
    Query(query): Query<RecipientQuery>,
    paging: Paging,
) -> Result<Body<Page<RecipientView>>, Problem> {
    let after: Option<(i64, i64)> = paging.key(RECIPIENTS)?;
    let limit = usize::try_from(paging.limit()).unwrap_or_default();
    let mut tx = caller.begin().await?;
    let campaign = campaigns::find(&mut tx, caller.tenant, id).await?;
    let filter = RecipientFilter {
        status: query.status.as_deref(),
        reason: query.reason.as_deref(),
    };
    let (rows, rest) = campaigns::recipients(tx.on(), &campaign, filter, after, limit).await?;
    tx.commit().await?;
    let page = Page::filtered(&paging, RECIPIENTS, rows, rest, |it| it.key());
    Ok(Body(page.map(RecipientView::new)))
}
