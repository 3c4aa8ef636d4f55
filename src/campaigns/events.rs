//! Events of campaigns.

use super::{progress::CampaignProgress, store::StoredCampaign};
use crate::{
    clock::Clock,
    events::{EventType, campaign},
    records::events::NewEvent,
};

/// A change of a campaign's status.
pub(super) struct CampaignChanged<'a> {
    /// As it is now.
    pub campaign: &'a StoredCampaign,
    pub of: &'static EventType,
}

/// Builds the event of a change of status.
pub(super) fn event(clock: &Clock, CampaignChanged { campaign, of }: CampaignChanged<'_>) -> NewEvent {
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

/// Builds the event of a campaign whose counters are not what was counted again.
pub(super) fn inconsistent(clock: &Clock, campaign: &StoredCampaign, differences: &[String]) -> NewEvent {
    let data = campaign::Inconsistent {
        campaign_id: campaign.id,
        name: &campaign.name,
        differences: differences.iter().map(String::as_str).collect(),
    };
    NewEvent::new(clock, campaign.tenant_id, &campaign::INCONSISTENT, clock.now(), &data)
}
