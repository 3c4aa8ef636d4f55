//! The watchdog: says when nothing moves on a campaign though it waits for nothing.
//!
//! Every worker looks once a minute. What it sees of a campaign is a text (`watch_mark`) that changes with any cursor, counter or status. If
//! it has been the same for [`STALLED_AFTER`] while the campaign waits for nothing but itself, or if the campaign is late to start by as
//! much, that is told once, until something moves.

use chrono::TimeDelta;

use super::{
    CampaignService,
    error::CampaignResult,
    events,
    progress::{CampaignProgress, progress},
    store::{self, StoredCampaign, WatchedCampaign},
    waiting::{WaitingFor, waiting_for},
};
use crate::{
    db::{self, Tx},
    domain::CampaignStatus,
    records,
};

/// How long nothing moves before it is told.
const STALLED_AFTER: TimeDelta = TimeDelta::minutes(5);

/// Looks at every campaign that is to move. One that cannot be read does not keep the others from being looked at.
pub async fn watch(service: &CampaignService) -> db::Result<()> {
    let mut stalled = 0_u32;
    for it in store::to_watch(service.db.reader(), service.clock.now()).await? {
        match look(service, &it).await {
            Ok(is_stalled) => stalled += u32::from(is_stalled),
            Err(error) => tracing::warn!(%error, campaign.id = %it.id, "the watchdog cannot read a campaign"),
        }
    }
    metrics::gauge!("mainstay_campaigns_stalled").set(stalled);
    Ok(())
}

/// Looks at a campaign, and returns whether nothing moves on it.
async fn look(service: &CampaignService, watched: &WatchedCampaign) -> CampaignResult<bool> {
    let (tenant, id, now) = (watched.tenant_id, watched.id, service.clock.now());
    let Some(campaign) = store::find(service.db.writer(), tenant, id).await? else {
        return Ok(false);
    };
    let numbers = progress(service.db.writer(), tenant, id, campaign.status).await?;
    let mark = mark(&campaign, &numbers);
    let has_moved = watched.watch_mark.as_deref() != Some(&*mark);
    let moved_at = watched.moved_at.filter(|_| !has_moved);
    let (Some(since), true) = (moved_at, is_to_move(service, &campaign, &numbers).await?) else {
        store::note_moved(service.db.writer(), (tenant, id), &mark, now).await?;
        return Ok(false);
    };
    if watched.stalled_since.is_some() {
        return Ok(true);
    }
    if since + STALLED_AFTER > now {
        return Ok(false);
    }
    let event = events::stalled(&service.clock, &campaign, since);
    let write = async |tx: &mut Tx| {
        if store::lock(tx, tenant, id).await?.is_none()
            || !store::note_stalled(tx.on(), (tenant, id), &mark, since).await?
        {
            return Ok(false);
        }
        records::events::append(tx, std::slice::from_ref(&event), now).await?;
        Ok::<_, sqlx::Error>(true)
    };
    if service.db.transaction_as(tenant, write).await? {
        metrics::counter!("mainstay_campaign_stalls_total").increment(1);
        tracing::error!(campaign.id = %id, %since, "nothing moves on a campaign, and it waits for nothing");
    }
    Ok(true)
}

/// Returns whether a campaign waits for nothing but the workers.
async fn is_to_move(
    service: &CampaignService,
    campaign: &StoredCampaign,
    numbers: &CampaignProgress,
) -> CampaignResult<bool> {
    if campaign.status == CampaignStatus::Scheduled {
        return Ok(true);
    }
    let reason = waiting_for(service, campaign, numbers).await?;
    // The least rate is a message a second.
    Ok(matches!(reason, Some(WaitingFor::Nothing | WaitingFor::Rate)))
}

/// Returns a text that changes when anything moves.
fn mark(campaign: &StoredCampaign, numbers: &CampaignProgress) -> String {
    let StoredCampaign {
        version,
        freeze_cursor,
        frozen_at,
        ..
    } = campaign;
    format!("{version} {freeze_cursor:?} {frozen_at:?} {numbers:?}")
}
