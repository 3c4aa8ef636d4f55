//! How many messages a channel has room for: about two seconds of sending are due at a time, however large a campaign is.

use chrono::TimeDelta;

use super::{CampaignService, store};
use crate::{
    db::Result,
    directory::Route,
    domain::{CampaignId, ChannelId, HoldReason},
};

/// Seconds of sending that are due ahead of the rate limiter.
const AHEAD: f64 = 2.0;
/// Sends that are due later than this are not counted.
const SOON: TimeDelta = TimeDelta::seconds(5);

/// Returns how many messages per second a channel sends.
pub(super) fn rate(route: &Route) -> f64 {
    route
        .tenant_throughput
        .map_or(route.throughput, |quota| quota.min(route.throughput))
}

/// Returns why messages of a channel would be held now, as others are; `None` if they would not.
pub(super) async fn held(service: &CampaignService, route: &Route) -> Result<Option<HoldReason>> {
    if route.tripped {
        return Ok(Some(HoldReason::Breaker));
    }
    if route.campaigns_paused {
        return Ok(Some(HoldReason::Campaigns));
    }
    store::held_reason(service.db.reader(), route.channel).await
}

/// Returns how many messages of a campaign may be made for a channel now.
///
/// `AHEAD` seconds of sending are due at a time. Campaigns that have recipients left for the channel share them: each may have its equal part
/// due, and whoever comes first what the others leave.
pub(super) async fn room(service: &CampaignService, campaign: CampaignId, channel: ChannelId) -> Result<i64> {
    let directory = service.directory.current();
    let Some(route) = directory.channel(channel) else {
        return Ok(0);
    };
    if held(service, route).await?.is_some() {
        return Ok(0);
    }
    let most = (rate(route) * AHEAD).ceil() as i64;
    let by = service.clock.now() + SOON;
    let due = store::count_due(service.db.reader(), channel, None, by, most + 1).await?;
    let sharing = store::count_sharing(service.db.reader(), route.tenant, channel)
        .await?
        .max(1);
    let share = match sharing {
        1 => 0,
        _ => {
            let own = store::count_due(service.db.reader(), channel, Some(campaign), by, most + 1).await?;
            (most / sharing).max(1) - own
        }
    };
    Ok(share.max(most - due).max(0))
}
