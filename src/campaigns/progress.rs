//! The numbers of a campaign, and why nothing moves.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    CampaignService,
    room::held,
    spec::CampaignSpec,
    store::{self, StoredCampaign},
};
use crate::{
    db::{On, Result},
    domain::{CampaignId, CampaignStatus, HoldReason, TenantId},
};

/// How many recipients of a campaign are in each state, in one snapshot.
///
/// `total` is the sum of all the others but `replied`, at every moment: each recipient is in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CampaignProgress {
    /// Recipients frozen so far.
    pub total: i64,
    /// Frozen, and no message yet.
    pub pending: i64,
    /// Their message is queued, or the call to Meta is being made.
    pub open: i64,
    /// Nobody knows whether Meta has their message.
    pub unknown: i64,
    pub accepted: i64,
    pub sent: i64,
    pub delivered: i64,
    pub read: i64,
    pub played: i64,
    pub failed: i64,
    pub expired: i64,
    /// Withdrawn, or never made because the campaign was canceled.
    pub canceled: i64,
    pub deleted: i64,
    /// Not written to, for a reason that the recipient shows.
    pub suppressed: i64,
    /// Have answered within 72 hours. They are counted above too.
    pub replied: i64,
}

impl CampaignProgress {
    /// Returns the sum of all states: `total`, if the counters are right.
    pub fn sum(&self) -> i64 {
        self.pending
            + self.open
            + self.unknown
            + self.accepted
            + self.sent
            + self.delivered
            + self.read
            + self.played
            + self.failed
            + self.expired
            + self.canceled
            + self.deleted
            + self.suppressed
    }

    /// Takes in a number of a wave: how many are frozen, how far its cursor is, or one of its counters.
    pub(super) fn add(&mut self, wave: i64, what: &str, n: i64) {
        match (wave, what) {
            (0, "frozen") => {
                self.total += n;
                self.suppressed += n;
            }
            (0, "cursor") => {}
            (_, "frozen") => {
                self.total += n;
                self.pending += n;
            }
            (_, "cursor") => self.pending -= n,
            (_, status) => {
                if let Some(member) = self.member(status) {
                    *member += n;
                }
            }
        }
    }

    /// Returns the numbers of a campaign of this status: of one that was canceled, who was never fanned out gets no message any more.
    pub(super) fn of(mut self, status: CampaignStatus) -> Self {
        if status == CampaignStatus::Canceled {
            self.canceled += std::mem::take(&mut self.pending);
        }
        self
    }

    fn member(&mut self, status: &str) -> Option<&mut i64> {
        Some(match status {
            "open" => &mut self.open,
            "unknown" => &mut self.unknown,
            "accepted" => &mut self.accepted,
            "sent" => &mut self.sent,
            "delivered" => &mut self.delivered,
            "read" => &mut self.read,
            "played" => &mut self.played,
            "failed" => &mut self.failed,
            "expired" => &mut self.expired,
            "canceled" => &mut self.canceled,
            "deleted" => &mut self.deleted,
            "suppressed" => &mut self.suppressed,
            "replied" => &mut self.replied,
            _ => return None,
        })
    }
}

/// Reads the numbers of a campaign, by one statement.
pub async fn progress(
    on: On<'_>,
    tenant: TenantId,
    id: CampaignId,
    status: CampaignStatus,
) -> Result<CampaignProgress> {
    let mut found = CampaignProgress::default();
    for (wave, what, n) in store::numbers(on, tenant, id).await? {
        found.add(wave, &what, n);
    }
    Ok(found.of(status))
}

/// Why the recipients of a running campaign wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingFor {
    /// Nothing: messages are being made and sent.
    Nothing,
    /// Its own rate.
    Rate,
    /// The daily limit of the portfolio.
    DailyLimit,
    /// The circuit breaker of a channel is open.
    Breaker,
    /// The campaigns of a channel rest.
    CampaignsRest,
    /// Meta cannot be reached.
    ProviderUnreachable,
    /// A channel is not in use any more: its recipients wait until it is added again.
    ChannelGone,
    /// The local times of its recipients.
    WaveTime,
    /// All messages are made; Meta's answers are awaited, or somebody's decision about messages whose delivery is unknown.
    Answers,
}

/// Returns why the recipients of a running campaign wait; `None` if it is not running.
pub(crate) async fn waiting_for(
    service: &CampaignService,
    campaign: &StoredCampaign,
    numbers: &CampaignProgress,
) -> Result<Option<WaitingFor>> {
    if campaign.status != CampaignStatus::Running {
        return Ok(None);
    }
    let Ok(spec) = CampaignSpec::stored(&campaign.spec) else {
        return Ok(None);
    };
    let directory = service.directory.current();
    for channel in &spec.channels {
        let Some(route) = directory.channel(*channel) else {
            return Ok(Some(WaitingFor::ChannelGone));
        };
        if let Some(held) = held(service, route).await? {
            return Ok(Some(match held {
                HoldReason::Breaker => WaitingFor::Breaker,
                HoldReason::Campaigns => WaitingFor::CampaignsRest,
                HoldReason::DailyLimit => WaitingFor::DailyLimit,
                _ => WaitingFor::ProviderUnreachable,
            }));
        }
    }
    let is_frozen = campaign.frozen_at.is_some();
    if is_frozen && numbers.pending == 0 {
        return Ok(Some(WaitingFor::Answers));
    }
    if is_frozen && campaign.schedule.is_some() && all_wait(service, campaign).await? {
        return Ok(Some(WaitingFor::WaveTime));
    }
    Ok(Some(match spec.rate_per_second {
        Some(_) => WaitingFor::Rate,
        None => WaitingFor::Nothing,
    }))
}

/// Returns whether all recipients that are left wait for their local time.
async fn all_wait(service: &CampaignService, campaign: &StoredCampaign) -> Result<bool> {
    let waves = store::waves(service.db.reader(), campaign.tenant_id, campaign.id).await?;
    let now = service.clock.now();
    let mut left = waves
        .iter()
        .filter(|it| it.cursor < it.frozen && it.channel_id.is_some());
    Ok(left.all(|it| it.starts_at.is_some_and(|at| at > now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Status, records::campaigns::CountedStatus};

    #[test]
    fn every_state_of_a_message_is_a_number() {
        let counted = Status::ALL
            .into_iter()
            .filter(|it| *it != Status::Received)
            .map(CountedStatus::of);
        for status in counted.chain([CountedStatus::Suppressed, CountedStatus::Replied]) {
            let mut numbers = CampaignProgress::default();
            let member = numbers.member(status.as_str());
            *member.unwrap_or_else(|| panic!("{status:?} is counted")) += 1;
            assert_eq!(numbers.sum(), i64::from(status != CountedStatus::Replied), "{status:?}");
        }
    }
}
