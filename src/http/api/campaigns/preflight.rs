//! Preflights: what a launch would do.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::channels::DailyLimitView;
use crate::{
    app::App,
    campaigns::{self, LaunchTime, PreflightReport, PreflightResult, PreflightState, PreflightTemplate, store},
    domain::{CampaignId, ChannelId, OnMissed, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Json, Path},
        problem::Problem,
    },
    messaging,
    records::portfolios::PortfolioKey,
};

/// When the campaign is to be launched for, as in a launch.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewPreflight {
    starts_at: Option<DateTime<Utc>>,
    local_time: Option<String>,
    #[schema(max_length = 60)]
    time_zone: Option<String>,
    #[schema(max_length = 60)]
    fallback_time_zone: Option<String>,
    missed: Option<OnMissed>,
}

/// A preflight: what a launch of a draft would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Preflight)]
pub(crate) struct PreflightView {
    state: PreflightState,
    /// Why it failed; null otherwise.
    #[schema(required)]
    error: Option<String>,
    /// The version of the draft that it looks at.
    version: i64,
    /// Whether the campaign is still that version.
    is_current: bool,
    /// When the campaign would start.
    starts_at: DateTime<Utc>,
    /// The templates of this name, one for each account and language, as they were when the preflight was asked for.
    templates: Vec<PreflightTemplate>,
    /// What was found; until it is `completed` so far, and without `seconds` and `digest`.
    result: PreflightResult,
    /// Of each channel that would be sent from, how many customers it may write to in 24 hours.
    daily_limits: Vec<ChannelLimit>,
    created_at: DateTime<Utc>,
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
}

/// The daily limit of a channel against the recipients of a campaign.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelLimit {
    channel_id: ChannelId,
    recipients: i64,
    daily_limit: DailyLimitView,
}

/// Look at a campaign before its launch
///
/// Begins to look at everybody in the audience as the launch would: who is written to from which number in which language, and who is not and
/// why. Nothing is sent, and nothing is written but the result. The body is when it is to be launched for, as in a launch. One that is under
/// way goes on.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/preflight", params(("id" = CampaignId, Path)), request_body = NewPreflight,
    responses((status = 202, description = "Queued, or under way", body = PreflightView)))]
pub async fn begin(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    Json(new): Json<NewPreflight>,
) -> Result<(StatusCode, Body<PreflightView>), Problem> {
    let time = LaunchTime {
        starts_at: new.starts_at,
        local_time: new.local_time,
        time_zone: new.time_zone,
        fallback_time_zone: new.fallback_time_zone,
        missed: new.missed,
    };
    campaigns::request_preflight(&app.campaigns, &caller, id, &time).await?;
    Ok((StatusCode::ACCEPTED, Body(found(&app, &caller, id).await?)))
}

/// Show the preflight of a campaign
///
/// The last one. `result.digest` is for the launch, as `preflight`: it is refused if draft or templates have changed since.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/preflight", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The last preflight", body = PreflightView)))]
pub async fn show(
    caller: May<perm::CampaignsRead>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Body<PreflightView>, Problem> {
    Ok(Body(found(&app, &caller, id).await?))
}

async fn found(app: &App, caller: &TenantAccess, id: CampaignId) -> Result<PreflightView, Problem> {
    let mut tx = caller.begin().await?;
    let campaign = store::find(tx.on(), caller.tenant, id).await?;
    let last = campaigns::find_preflight(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let campaign = campaign.ok_or_else(|| Problem::not_found(format_args!("campaign {id}")))?;
    let last = last.ok_or_else(|| Problem::not_found(format_args!("preflight of campaign {id}")))?;
    let daily_limits = limits(app, caller, &last).await?;
    Ok(PreflightView {
        state: last.state,
        error: last.error,
        version: last.version,
        is_current: campaign.version == last.version,
        starts_at: last.at,
        templates: last.templates,
        result: last.result,
        daily_limits,
        created_at: last.created_at,
        finished_at: last.finished_at,
    })
}

async fn limits(app: &App, caller: &TenantAccess, last: &PreflightReport) -> Result<Vec<ChannelLimit>, Problem> {
    let directory = app.directory.current();
    let mut limits: Vec<ChannelLimit> = Vec::new();
    for wave in &last.result.waves {
        if let Some(known) = limits.iter_mut().find(|it| it.channel_id == wave.channel_id) {
            known.recipients += wave.recipients;
            continue;
        }
        let Some(route) = directory.channel(wave.channel_id) else {
            continue;
        };
        let portfolio = PortfolioKey {
            portfolio: route.portfolio.clone(),
            tenant: caller.tenant,
        };
        limits.push(ChannelLimit {
            channel_id: wave.channel_id,
            recipients: wave.recipients,
            daily_limit: messaging::customers_today(&app.messaging, &portfolio).await?.into(),
        });
    }
    Ok(limits)
}
