//! Launches, pauses, resumes and cancels campaigns.

use axum::{Json as Body, extract::State, http::HeaderMap};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::contacts::{detail::ETag, write::if_match},
    shown,
    view::CampaignView,
};
use crate::{
    app::App,
    campaigns::{self, LaunchCondition, LaunchTime},
    domain::{CampaignId, OnMissed, perm},
    http::{
        auth::May,
        extract::{Json, Path},
        problem::Problem,
    },
};

/// When a campaign is to start.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CampaignLaunch {
    /// At most a year ahead; at once without it, or if it has passed.
    #[schema(example = "2026-12-24T08:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    /// A local time in place of an instant, of the `time_zone`. A time that clocks skip is the first after it, one that comes twice the first.
    #[schema(example = "2026-12-24T09:00:00")]
    local_time: Option<String>,
    /// An IANA zone, or `recipient`: each gets it at their own local time.
    #[schema(max_length = 60, example = "Asia/Kolkata")]
    time_zone: Option<String>,
    /// The zone of recipients whose contact has no `time_zone`; with `recipient`.
    #[schema(max_length = 60)]
    fallback_time_zone: Option<String>,
    /// What becomes of recipients whose time has passed by more than an hour; `start` unless said otherwise. With `recipient`.
    missed: Option<OnMissed>,
    /// The `result.digest` of a preflight, for this local time: the launch is refused (409 `preflight-stale`) if draft or templates are others.
    #[schema(max_length = 64)]
    preflight: Option<String>,
}

/// Launch a campaign
///
/// What it sends is what the template is now: it pauses at its start if the template has changed by then. With the header `If-Match`, the
/// `ETag` of the draft as you have seen it, a draft that somebody else changed meanwhile is not launched (412).
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/launch", params(("id" = CampaignId, Path),
    ("if-match" = Option<String>, Header, description = "The `ETag` of the draft")), request_body = CampaignLaunch,
    responses((status = 200, description = "Scheduled", body = CampaignView)))]
pub async fn launch(
    caller: May<perm::CampaignsLaunch>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    headers: HeaderMap,
    Json(launch): Json<CampaignLaunch>,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    let time = LaunchTime {
        starts_at: launch.starts_at,
        local_time: launch.local_time,
        time_zone: launch.time_zone,
        fallback_time_zone: launch.fallback_time_zone,
        missed: launch.missed,
    };
    let condition = LaunchCondition {
        version: if_match(&headers)?,
        preflight: launch.preflight,
    };
    campaigns::launch(&app.campaigns, &caller, id, &time, &condition).await?;
    shown(&app, &caller, id).await
}

/// Pause a campaign
///
/// No message is made once this is answered. Calls to Meta that were begun are finished, within a second.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/pause", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "Paused", body = CampaignView)))]
pub async fn pause(
    caller: May<perm::CampaignsLaunch>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    campaigns::pause(&app.campaigns, &caller, id).await?;
    shown(&app, &caller, id).await
}

/// Resume a campaign
///
/// It goes on where it was; who was written to is not written to again.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/resume", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "Running", body = CampaignView)))]
pub async fn resume(
    caller: May<perm::CampaignsLaunch>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    campaigns::resume(&app.campaigns, &caller, id).await?;
    shown(&app, &caller, id).await
}

/// Cancel a campaign
///
/// What waits is withdrawn within some seconds, then its status is `canceled`. What Meta has stays.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/cancel", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "Canceling", body = CampaignView)))]
pub async fn cancel(
    caller: May<perm::CampaignsLaunch>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<(ETag, Body<CampaignView>), Problem> {
    campaigns::cancel(&app.campaigns, &caller, id).await?;
    shown(&app, &caller, id).await
}
