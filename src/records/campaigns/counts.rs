//! Counters of campaigns: how many messages of a wave are in a state, and how many failed with a code.

use crate::{
    db::{On, Result, Rows},
    domain::{CampaignId, Id, Status, TenantId},
};

/// A state that a recipient of a wave is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CountedStatus {
    /// The message is queued, or its call is being made.
    Open,
    /// The recipient became no message.
    Suppressed,
    /// The recipient has answered. It stands beside the others: the recipient is counted there too.
    Replied,
    Of(Status),
}

impl CountedStatus {
    /// Returns the state in which a message of this status is counted.
    pub fn of(status: Status) -> Self {
        match status {
            Status::Queued | Status::Sending => Self::Open,
            status => Self::Of(status),
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suppressed => "suppressed",
            Self::Replied => "replied",
            Self::Of(status) => status.as_str(),
        }
    }
}

/// A change of a counter: tenant, campaign, wave, state, by how much.
pub(crate) type CountChange = (TenantId, CampaignId, i64, CountedStatus, i64);

/// Adds to counters, in the order of their keys.
pub(crate) async fn add_counts(on: On<'_>, changes: &mut [CountChange]) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, wave, status, n) AS ({rows})
        INSERT INTO campaign_counts (tenant_id, campaign_id, wave, status, n)
        SELECT tenant_id, campaign_id, wave, status, n FROM r
        WHERE true
        ON CONFLICT (tenant_id, campaign_id, wave, status) DO UPDATE SET n = campaign_counts.n + excluded.n";
    changes.sort_unstable_by_key(|it| (it.0, it.1, it.2, it.3.as_str()));
    let row = |it: &CountChange| (it.0.uuid(), it.1.uuid(), it.2, it.3.as_str().to_owned(), it.4);
    Rows::new(SQL, changes.iter().map(row).collect())
        .run(on)
        .await
        .map(drop)
}

/// A change of a counter of failures: tenant, campaign, wave, error code, by how much.
pub(super) type FailureChange = (TenantId, CampaignId, i64, i64, i64);

/// Adds to counters of failures, in the order of their keys.
pub(super) async fn add_failures(on: On<'_>, changes: &mut [FailureChange]) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, wave, code, n) AS ({rows})
        INSERT INTO campaign_failures (tenant_id, campaign_id, wave, code, n)
        SELECT tenant_id, campaign_id, wave, code, n FROM r
        WHERE true
        ON CONFLICT (tenant_id, campaign_id, wave, code) DO UPDATE SET n = campaign_failures.n + excluded.n";
    changes.sort_unstable();
    let row = |it: &FailureChange| (it.0.uuid(), it.1.uuid(), it.2, it.3, it.4);
    Rows::new(SQL, changes.iter().map(row).collect())
        .run(on)
        .await
        .map(drop)
}

/// Returns how many messages of a campaign failed with each code, the commonest first.
pub(crate) async fn failures(on: On<'_>, tenant: TenantId, campaign: CampaignId) -> Result<Vec<(i64, i64)>> {
    const SQL: &str = "
        SELECT code, CAST(SUM(n) AS BIGINT) AS n FROM campaign_failures WHERE tenant_id = $1 AND campaign_id = $2
        GROUP BY code HAVING SUM(n) > 0 ORDER BY SUM(n) DESC, code";
    on.sql(SQL, (tenant, campaign)).all().await
}
