//! What is done for a running campaign at a time: sends are released, windows frozen, pages fanned out, the end noticed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::{
    CampaignService,
    dispatch::LOOK_FOR_THE_END,
    ending::{self, try_complete},
    error::{CampaignError, CampaignResult},
    events::append_change,
    fan_out::{CampaignPage, fan_out},
    freeze::freeze_window,
    plan::CampaignPlan,
    room::room,
    store::{self, CampaignEnd, StoredCampaign},
};
use crate::{
    db::Tx,
    domain::{CampaignMessages, CampaignStatus, Ctx, SendLane},
    events::{EventType, campaign as types},
    messaging::accept::{OUTBOUND, queue_lane},
    queue::JobEntry,
};

/// How often it looks for room while recipients wait.
const LOOK: Duration = Duration::from_millis(250);
/// How far ahead messages of a campaign with a rate of its own are made.
const PACED_AHEAD: TimeDelta = TimeDelta::seconds(2);

/// Why a campaign is paused whose messages, cursors or counters are not what they have to be.
const INCONSISTENT: &str = "inconsistent";

/// What is left of the waves after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WavesLeft {
    None,
    /// Recipients who wait for room.
    Some,
    /// Recipients whose turn comes then, and no others.
    Later(DateTime<Utc>),
}

/// When there is more to do for a running campaign.
pub(super) enum Step {
    Wait(Duration),
    Until(DateTime<Utc>),
}

/// Does what can be done for a running campaign now.
pub(super) async fn step(
    service: &CampaignService,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
) -> CampaignResult<Step> {
    release(service, campaign, plan).await?;
    if campaign.frozen_at.is_none() {
        freeze(service, campaign, plan).await?;
    }
    // Whether it was frozen or another worker was first, there may be more at once.
    let mut wait = if campaign.frozen_at.is_none() {
        Duration::ZERO
    } else {
        LOOK
    };
    match fan_out_waves(service, campaign, plan).await {
        Ok(WavesLeft::None) if campaign.frozen_at.is_some() => {
            try_complete(service, campaign).await?;
            wait = LOOK_FOR_THE_END;
        }
        Ok(WavesLeft::Later(at)) if campaign.frozen_at.is_some() => return Ok(Step::Until(at)),
        Ok(_) => {}
        Err(CampaignError::Database(error)) if is_duplicate(&error) => {
            give_up(service, campaign, INCONSISTENT, &CampaignError::Database(error)).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(Step::Wait(wait))
}

/// Freezes windows of a campaign's audience until it is time to look for room again.
async fn freeze(service: &CampaignService, campaign: &StoredCampaign, plan: &CampaignPlan) -> CampaignResult<()> {
    let begun = Instant::now();
    let mut now = campaign.clone();
    while now.status == CampaignStatus::Running && now.frozen_at.is_none() {
        freeze_window(service, &now, plan).await?;
        if begun.elapsed() >= LOOK || service.work_ends.is_cancelled() {
            break;
        }
        match store::find(service.db.writer(), campaign.tenant_id, campaign.id).await? {
            Some(found) => now = found,
            None => break,
        }
    }
    Ok(())
}

/// Fans out as many pages as there is room for.
async fn fan_out_waves(
    service: &CampaignService,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
) -> CampaignResult<WavesLeft> {
    let messages = CampaignMessages::new(campaign.id, campaign.id_stamp.unwrap_or_default());
    let (mut left, mut later, mut campaign) = (false, None, campaign.clone());
    let now = service.clock.now();
    for mut wave in store::waves(service.db.writer(), campaign.tenant_id, campaign.id).await? {
        let Some(channel) = wave.channel_id else { continue };
        if let Some(at) = wave.starts_at.filter(|at| *at > now && wave.cursor < wave.frozen) {
            later = Some(later.unwrap_or(at).min(at));
            continue;
        }
        while wave.cursor < wave.frozen {
            let room = room(service, campaign.id, channel)
                .await?
                .min(paced_room(service, &campaign, plan));
            let Some(route) = plan.route(channel).filter(|_| room > 0) else {
                break;
            };
            let page = CampaignPage {
                campaign: &campaign,
                plan,
                wave: &wave,
                route,
                messages,
                room,
            };
            let Some(end) = fan_out(service, page).await? else {
                return Ok(WavesLeft::Some);
            };
            wave.cursor = end.cursor;
            if plan.spec.rate_per_second.is_some() {
                campaign.paced_until = end.paced_until;
            }
        }
        left |= wave.cursor < wave.frozen;
    }
    Ok(match later {
        _ if left => WavesLeft::Some,
        Some(at) => WavesLeft::Later(at),
        None => WavesLeft::None,
    })
}

/// Returns how many messages a campaign's own rate has room for.
fn paced_room(service: &CampaignService, campaign: &StoredCampaign, plan: &CampaignPlan) -> i64 {
    let Some(rate) = plan.spec.rate_per_second else {
        return i64::MAX;
    };
    let now = service.clock.now();
    let ahead = now + PACED_AHEAD - campaign.paced_until.unwrap_or(now).max(now);
    (ahead.num_milliseconds().max(0) * i64::from(rate)) / 1_000
}

/// Makes sends due that were held while the campaign was paused; their time to expire begins anew.
async fn release(service: &CampaignService, campaign: &StoredCampaign, plan: &CampaignPlan) -> CampaignResult<()> {
    let now = service.clock.now();
    let expires_at = now + TimeDelta::seconds(plan.spec.expires_after_s);
    for channel in &plan.spec.channels {
        if store::has_paused(service.db.reader(), *channel, campaign.id).await? {
            let released = store::release_paused(service.db.writer(), *channel, campaign.id, expires_at, now).await?;
            let entry = |id| JobEntry {
                id,
                due: now,
                lane: queue_lane(SendLane::Campaign),
            };
            let entries: Vec<JobEntry> = released.into_iter().map(entry).collect();
            // The rows are committed; if the push fails, the sweep finds them.
            drop(service.queues.push_entries(&OUTBOUND, &entries).await);
        }
    }
    Ok(())
}

/// Stops a running campaign that cannot go on: it has failed if nobody was written to, and is paused otherwise.
pub(super) async fn give_up(
    service: &CampaignService,
    campaign: &StoredCampaign,
    reason: &'static str,
    error: &CampaignError,
) -> CampaignResult<()> {
    let (tenant, id, now) = (campaign.tenant_id, campaign.id, service.clock.now());
    tracing::warn!(%error, campaign.id = %id, "a campaign cannot go on");
    let details = Some(error.to_string());
    let write = async |tx: &mut Tx| {
        if store::lock(tx, tenant, id).await?.is_none() {
            return Ok(());
        }
        // Cursors say nothing where they are what is wrong.
        let begun = reason == INCONSISTENT || store::waves(tx.on(), tenant, id).await?.iter().any(|it| it.cursor > 0);
        let (changed, of): (bool, &'static EventType) = if begun {
            (
                store::pause(tx.on(), (tenant, id), reason, details.clone(), now).await?,
                &types::PAUSED,
            )
        } else {
            let end = CampaignEnd {
                from: CampaignStatus::Running,
                to: CampaignStatus::Failed,
                reason: Some(reason),
                details: details.clone(),
            };
            (store::end(tx.on(), (tenant, id), end, now).await?, &types::FAILED)
        };
        match changed {
            true => append_change(tx, &service.clock, &Ctx::system(tenant), id, of)
                .await
                .map(drop),
            false => Ok(()),
        }
    };
    service.db.transaction_as(tenant, write).await?;
    if reason == INCONSISTENT {
        ending::report_inconsistent(service, campaign, &[error.to_string()]).await?;
    }
    Ok(())
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|it| it.is_unique_violation())
}
