//! How many messages a channel has room for: about two seconds of sending are due at a time, however large a campaign is.

use chrono::TimeDelta;

use super::{CampaignService, store};
use crate::{
    db::Result,
    directory::Route,
    domain::{ChannelId, HoldReason},
};

/// Seconds of sending that are due ahead of the rate limiter.
const AHEAD: f64 = 2.0;
/// Sends that are due later than this are not counted.
const SOON: TimeDelta = TimeDelta::seconds(5);

/// The room of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Messages that may be made now.
    Free(i64),
    /// Messages would be held for this reason, as others are.
    Held(HoldReason),
}

/// Returns how many messages per second a channel sends.
pub(super) fn rate(route: &Route) -> f64 {
    route
        .tenant_throughput
        .map_or(route.throughput, |quota| quota.min(route.throughput))
}

/// Returns the room of a channel now.
pub(super) async fn room(service: &CampaignService, channel: ChannelId) -> Result<Room> {
    let directory = service.directory.current();
    let Some(route) = directory.channel(channel) else {
        return Ok(Room::Free(0));
    };
    if route.tripped {
        return Ok(Room::Held(HoldReason::Breaker));
    }
    if route.campaigns_paused {
        return Ok(Room::Held(HoldReason::Campaigns));
    }
    if let Some(held) = store::held_reason(service.db.reader(), channel).await? {
        return Ok(Room::Held(held));
    }
    let most = (rate(route) * AHEAD).ceil() as i64;
    let due = store::count_due(service.db.reader(), channel, service.clock.now() + SOON, most + 1).await?;
    Ok(Room::Free((most - due).max(0)))
}
