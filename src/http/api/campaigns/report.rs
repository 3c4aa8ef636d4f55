//! What became of a campaign, and whether its counters are right.

use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    campaigns::{self, CampaignProgress, CampaignRecount, CampaignReport, ReportedWave},
    domain::{CampaignId, CampaignStatus, ChannelId, perm},
    http::{
        auth::May,
        extract::{Path, Query},
        problem::Problem,
    },
    provider::errors::{self, Class, Who},
    records::tenants,
    tenancy,
};

/// What became of a campaign. All its numbers are of one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignReport)]
pub(crate) struct CampaignReportView {
    campaign_id: CampaignId,
    name: String,
    status: CampaignStatus,
    progress: CampaignProgress,
    rates: CampaignRates,
    /// By error code, the commonest first.
    failures: Vec<FailureReport>,
    waves: Vec<WaveReport>,
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// When all its recipients were known.
    #[schema(required)]
    frozen_at: Option<DateTime<Utc>>,
    /// When the first message of the wave that begins first was made.
    #[schema(required)]
    first_message_at: Option<DateTime<Utc>>,
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
}

/// Fractions of the messages of a campaign, from 0 to 1; null while there is nothing to divide by.
#[derive(Serialize, ToSchema)]
struct CampaignRates {
    /// Of those that Meta accepted.
    #[schema(required)]
    delivered: Option<f64>,
    /// Of those that Meta accepted.
    #[schema(required)]
    read: Option<f64>,
    /// Of those that Meta accepted.
    #[schema(required)]
    replied: Option<f64>,
    /// Of those that Meta accepted, or that failed.
    #[schema(required)]
    failed: Option<f64>,
}

impl CampaignRates {
    fn of(it: &CampaignProgress) -> Self {
        let seen = it.read + it.played;
        let delivered = it.delivered + seen;
        let accepted = it.accepted + it.sent + delivered + it.deleted;
        Self {
            delivered: fraction(delivered, accepted),
            read: fraction(seen, accepted),
            replied: fraction(it.replied.min(accepted), accepted),
            failed: fraction(it.failed, accepted + it.failed),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a campaign has fewer recipients than an f64 has integers"
)]
fn fraction(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// How many messages of a campaign failed with an error code, and what to do about it.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignFailureReport)]
struct FailureReport {
    /// Meta's code; 0 where none is known.
    code: i64,
    count: i64,
    /// Null without a code.
    #[schema(required)]
    title: Option<&'static str>,
    /// The class of the error, as in `GET /errors`; null without a code.
    #[schema(required)]
    class: Option<Class>,
    /// Who must act.
    who: Who,
    /// What to do.
    advice: &'static str,
}

impl FailureReport {
    fn of((code, count): (i64, i64)) -> Self {
        let known = Some(code).filter(|code| *code != 0);
        let explained = errors::explain(known);
        Self {
            code,
            count,
            title: explained.title,
            class: known.map(|code| errors::entry(code).class),
            who: explained.who,
            advice: explained.advice,
        }
    }
}

/// The recipients of one number, language and local time.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignWave)]
struct WaveReport {
    /// 0 is of those who were suppressed at the freeze.
    wave: i64,
    /// Null in wave 0.
    #[schema(required)]
    channel_id: Option<ChannelId>,
    /// That of the template; null where a message is sent, and in wave 0.
    #[schema(required)]
    language: Option<String>,
    /// When it begins; null is with the campaign.
    #[schema(required)]
    starts_at: Option<DateTime<Utc>>,
    /// Its recipients.
    frozen: i64,
    /// Its recipients of lower ordinals became messages or were suppressed.
    cursor: i64,
    progress: CampaignProgress,
}

impl WaveReport {
    fn of(it: ReportedWave) -> Self {
        Self {
            wave: it.wave.wave,
            channel_id: it.wave.channel_id,
            language: it.wave.language,
            starts_at: it.wave.starts_at,
            frozen: it.wave.frozen,
            cursor: it.wave.cursor,
            progress: it.numbers,
        }
    }
}

impl CampaignReportView {
    fn of(it: CampaignReport) -> Self {
        Self {
            campaign_id: it.campaign.id,
            name: it.campaign.name,
            status: it.campaign.status,
            rates: CampaignRates::of(&it.numbers),
            progress: it.numbers,
            failures: it.failures.into_iter().map(FailureReport::of).collect(),
            waves: it.waves.into_iter().map(WaveReport::of).collect(),
            started_at: it.campaign.started_at,
            frozen_at: it.campaign.frozen_at,
            first_message_at: it.first_message_at,
            finished_at: it.campaign.finished_at,
        }
    }
}

/// Report on a campaign
///
/// Its numbers, those of each wave, and its failures with who must act and what to do.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/report", params(("id" = CampaignId, Path)),
    responses((status = 200, description = "The report", body = CampaignReportView)))]
pub async fn show_report(
    caller: May<perm::CampaignsRead>,
    Path(id): Path<CampaignId>,
) -> Result<Body<CampaignReportView>, Problem> {
    let mut tx = caller.begin().await?;
    let found = campaigns::report(&mut tx, caller.tenant, id).await;
    tx.commit().await?;
    Ok(Body(CampaignReportView::of(found?)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecountQuery {
    /// The wave to begin with: `next_wave` of the answer before.
    #[serde(default)]
    #[param(minimum = 0, maximum = 2047)]
    from_wave: u16,
}

/// What was found when a campaign was counted again.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignRecount)]
pub(crate) struct CampaignRecountView {
    /// Where a counter is not the number of its rows, each in a sentence; empty if all add up.
    differences: Vec<String>,
    /// Waves from this one on are not counted yet: ask again with `from_wave`. Null at the end.
    #[schema(required)]
    next_wave: Option<i64>,
}

/// Recount a campaign
///
/// Counts its messages and suppressed recipients again, wave by wave, and compares its counters with them. An answer takes about five seconds
/// at most and says with which wave to go on. A campaign that began before what the tenant keeps of messages is refused. A difference is a
/// defect: it is reported as `campaign.inconsistent`, and nothing is corrected.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/recount", params(("id" = CampaignId, Path), RecountQuery),
    responses((status = 200, description = "What was found", body = CampaignRecountView)))]
pub async fn recount(
    caller: May<perm::CampaignsRead>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    Query(query): Query<RecountQuery>,
) -> Result<Body<CampaignRecountView>, Problem> {
    let mut tx = caller.begin().await?;
    let found = campaigns::find(&mut tx, caller.tenant, id).await;
    tx.commit().await?;
    let tenant = tenants::find(app.db.reader(), caller.tenant).await?;
    let kept = tenant.and_then(|it| tenancy::retention(&it).messages);
    let CampaignRecount { differences, next_wave } =
        campaigns::recount_on_demand(&app.campaigns, &found?, query.from_wave.into(), kept).await?;
    Ok(Body(CampaignRecountView { differences, next_wave }))
}
