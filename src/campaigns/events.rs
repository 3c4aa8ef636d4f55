//! Events of campaigns.

use chrono::{DateTime, Utc};

use super::{
    progress::CampaignProgress,
    store::{self, StoredCampaign},
};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{CampaignId, Ctx},
    events::{EventType, campaign},
    records::events::{NewEvent, append},
};

/// Appends the event of a change of status, and returns the campaign as it is now; `None` if there is none.
pub(super) async fn append_change(
    tx: &mut Tx,
    clock: &Clock,
    ctx: &Ctx,
    id: CampaignId,
    of: &'static EventType,
) -> Result<Option<StoredCampaign>> {
    let Some(campaign) = store::find(tx.on(), ctx.tenant, id).await? else {
        return Ok(None);
    };
    let event = changed(clock, &campaign, of).by(ctx.actor);
    append(tx, &[event], clock.now()).await?;
    Ok(Some(campaign))
}

fn changed(clock: &Clock, campaign: &StoredCampaign, of: &'static EventType) -> NewEvent {
    let data = campaign::Changed {
        campaign_id: campaign.id,
        name: &campaign.name,
        status: campaign.status.as_str(),
        reason: campaign.reason.as_deref(),
        details: campaign.reason_details.as_deref(),
        starts_at: campaign.starts_at,
    };
    NewEvent::new(clock, campaign.tenant_id, of, clock.now(), &data)
}

/// Builds the event of a campaign that has ended, with its numbers.
pub(super) fn ended(
    clock: &Clock,
    campaign: &StoredCampaign,
    of: &'static EventType,
    numbers: &CampaignProgress,
) -> NewEvent {
    let data = campaign::Ended {
        campaign_id: campaign.id,
        name: &campaign.name,
        status: campaign.status.as_str(),
        reason: campaign.reason.as_deref(),
        total: numbers.total,
        suppressed: numbers.suppressed,
        failed: numbers.failed,
        unknown: numbers.unknown,
        reached: numbers.accepted + numbers.sent + numbers.delivered + numbers.read + numbers.played,
    };
    NewEvent::new(clock, campaign.tenant_id, of, clock.now(), &data)
}

/// Builds the event of a campaign on which nothing moves.
pub(super) fn stalled(clock: &Clock, campaign: &StoredCampaign, since: DateTime<Utc>) -> NewEvent {
    let data = campaign::Stalled {
        campaign_id: campaign.id,
        name: &campaign.name,
        status: campaign.status.as_str(),
        since,
    };
    NewEvent::new(clock, campaign.tenant_id, &campaign::STALLED, clock.now(), &data)
}

/// Builds the event of a campaign whose counters are not what was counted again.
pub(super) fn inconsistent(clock: &Clock, campaign: &StoredCampaign, differences: &[String]) -> NewEvent {
    let data = campaign::Inconsistent {
        campaign_id: campaign.id,
        name: &campaign.name,
        differences: differences.iter().map(String::as_str).collect(),
    };
    NewEvent::new(clock, campaign.tenant_id, &campaign::INCONSISTENT, clock.now(), &data)
}
