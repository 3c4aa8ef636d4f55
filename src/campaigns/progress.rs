//! The numbers of a campaign.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::store::{self, StoredCampaign};
use crate::{
    db::{On, Result, Tx},
    domain::{CampaignId, CampaignStatus, TenantId},
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

/// Reads campaigns after one with their numbers, the oldest first.
pub(crate) async fn oldest_with_numbers(
    tx: &mut Tx,
    tenant: TenantId,
    after: CampaignId,
    limit: i64,
) -> Result<Vec<(StoredCampaign, CampaignProgress)>> {
    let campaigns = store::list_after(tx.on(), tenant, after, limit).await?;
    let (Some(first), Some(last)) = (campaigns.first(), campaigns.last()) else {
        return Ok(Vec::new());
    };
    let mut found: HashMap<CampaignId, CampaignProgress> = HashMap::new();
    for (campaign, wave, what, n) in store::numbers_between(tx.on(), tenant, [first.id, last.id]).await? {
        found.entry(campaign).or_default().add(wave, &what, n);
    }
    let with_numbers = campaigns.into_iter().map(|it| {
        let numbers = found.remove(&it.id).unwrap_or_default().of(it.status);
        (it, numbers)
    });
    Ok(with_numbers.collect())
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
