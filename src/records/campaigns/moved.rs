//! Moves the counters of campaigns with the statuses of their messages.
//!
//! 1. Whoever writes the statuses of messages notes them before, in one [`MovedStatuses`] for the whole transaction. The messages of campaigns
//!    are locked and read: the first status that is read of a message is the one it had when the transaction began.
//! 2. After the last status, and before events are appended, [`MovedStatuses::count`] reads them once more and adds the differences.
//!
//! So a counter equals the number of rows in every committed state, whatever a transaction did in between. Messages of no campaign cost
//! nothing: their ids say so.

use std::collections::BTreeMap;

use super::counts::{CountChange, CountedStatus, FailureChange, add_counts, add_failures};
use crate::{
    db::{On, Result, Rows, Tx},
    domain::{CampaignId, Id, MessageId, Status, TenantId, wave_of},
    records::lock_order::Stage,
};

/// The statuses that campaign messages had before a transaction wrote others.
#[derive(Debug, Default)]
#[must_use = "the counters follow with `count`"]
pub struct MovedStatuses {
    before: BTreeMap<MessageId, NotedStatus>,
    /// Messages that were answered.
    answered: Vec<(TenantId, MessageId, CampaignId)>,
}

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
struct NotedStatus {
    tenant_id: TenantId,
    id: MessageId,
    campaign_id: CampaignId,
    status: Status,
    error_code: Option<i64>,
}

impl NotedStatus {
    fn counted(&self) -> CountedStatus {
        CountedStatus::of(self.status)
    }

    /// Returns the code that it is counted among the failures with.
    fn failure(&self) -> Option<i64> {
        (self.status == Status::Failed).then(|| self.error_code.unwrap_or_default())
    }
}

impl MovedStatuses {
    /// Notes messages whose statuses are about to be written.
    pub async fn note(&mut self, on: On<'_>, messages: impl IntoIterator<Item = (TenantId, MessageId)>) -> Result<()> {
        let new = messages
            .into_iter()
            .filter(|(_, id)| wave_of(*id).is_some() && !self.before.contains_key(id));
        let mut new: Vec<(TenantId, MessageId)> = new.collect();
        if new.is_empty() {
            return Ok(());
        }
        new.sort_unstable_by_key(|(_, id)| *id);
        new.dedup();
        let found = read(on, &new, true).await?;
        self.before.extend(found.into_iter().map(|it| (it.id, it)));
        Ok(())
    }

    /// Notes answers to messages of campaigns.
    pub(super) fn add_answers(&mut self, answered: Vec<(TenantId, MessageId, CampaignId)>) {
        self.answered.extend(answered);
    }

    /// Adds the differences to the counters.
    pub async fn count(self, tx: &mut Tx) -> Result<()> {
        if self.before.is_empty() && self.answered.is_empty() {
            return Ok(());
        }
        let keys: Vec<(TenantId, MessageId)> = self.before.values().map(|it| (it.tenant_id, it.id)).collect();
        let (mut counts, mut failures) = (BTreeMap::new(), BTreeMap::new());
        for (tenant, message, campaign) in self.answered {
            let of = (tenant, campaign, wave_of(message).unwrap_or_default());
            *counts.entry((of, CountedStatus::Replied)).or_insert(0) += 1;
        }
        for after in read(tx.on(), &keys, false).await? {
            let Some(before) = self.before.get(&after.id).filter(|before| **before != after) else {
                continue;
            };
            let wave = wave_of(after.id).unwrap_or_default();
            let of = (after.tenant_id, after.campaign_id, wave);
            for (it, by) in [(before, -1), (&after, 1)] {
                *counts.entry((of, it.counted())).or_insert(0) += by;
                if let Some(code) = it.failure() {
                    *failures.entry((of, code)).or_insert(0) += by;
                }
            }
        }
        Stage::Counters.reach(tx);
        let count = |(((tenant, campaign, wave), status), by)| (tenant, campaign, wave, status, by);
        let mut counts: Vec<CountChange> = counts.into_iter().map(count).filter(|it| it.4 != 0).collect();
        add_counts(tx.on(), &mut counts).await?;
        let failure = |(((tenant, campaign, wave), code), by)| (tenant, campaign, wave, code, by);
        let mut failures: Vec<FailureChange> = failures.into_iter().map(failure).filter(|it| it.4 != 0).collect();
        add_failures(tx.on(), &mut failures).await
    }
}

/// Reads messages, locked or not, in the order of their ids.
async fn read(on: On<'_>, messages: &[(TenantId, MessageId)], locked: bool) -> Result<Vec<NotedStatus>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT m.tenant_id, m.id, m.campaign_id, m.status, m.error_code
        FROM r CROSS JOIN messages m
        WHERE m.tenant_id = r.tenant_id AND m.id = r.id AND m.campaign_id IS NOT NULL";
    // No planner turns a subquery that locks into a join.
    const POSTGRES: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT o.tenant_id, o.id, o.campaign_id, o.status, o.error_code
        FROM (SELECT r.tenant_id, r.id FROM r ORDER BY r.id) k CROSS JOIN LATERAL (
            SELECT m.* FROM messages m
            WHERE m.tenant_id = k.tenant_id AND m.id = k.id AND m.campaign_id IS NOT NULL FOR UPDATE) o";
    let sql = match on {
        On::Postgres(_) | On::PostgresPool(_) if locked => POSTGRES,
        _ => SQL,
    };
    let row = |(tenant, id): &(TenantId, MessageId)| (tenant.uuid(), id.uuid());
    Rows::new(sql, messages.iter().map(row).collect()).all(on).await
}
