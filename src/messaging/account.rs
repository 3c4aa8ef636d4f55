//! Applies what Meta says about accounts and numbers that affects sending, from webhooks and from checks.

use std::collections::HashSet;

use crate::{
    clock::Clock,
    db::{Result, Tx},
    directory::Route,
    domain::{ChannelId, DailyLimit, TenantId},
    records::{
        channels,
        lock_order::Stage,
        portfolios::{self, LimitScope, PortfolioKey},
    },
};

use super::daily_limit;

/// The authority behind an account change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Meta: an answer to a request, or a webhook signed with an app secret of the operator.
    Meta,
    /// A webhook signed with a tenant's own app secret. It applies to that tenant only, since the tenant could claim anything about a
    /// portfolio shared with others.
    Tenant,
}

/// A change of an account or number that affects sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AccountChange {
    /// Daily limit of a portfolio, in customers.
    DailyLimit {
        portfolio: PortfolioKey,
        limit: DailyLimit,
        source: Source,
    },
    /// Business portfolio that owns an account.
    Owner {
        tenant: TenantId,
        waba_id: String,
        /// Key of the portfolio until now.
        known_as: String,
        business_id: String,
    },
    /// Messages per second that a number may send and receive.
    Throughput {
        tenant: TenantId,
        channel: ChannelId,
        per_second: i64,
    },
}

impl AccountChange {
    fn subject(&self) -> Subject<'_> {
        match self {
            AccountChange::DailyLimit { portfolio, source, .. } => Subject::Limit(portfolio, *source),
            AccountChange::Owner { tenant, waba_id, .. } => Subject::Owner(*tenant, waba_id),
            AccountChange::Throughput { channel, .. } => Subject::Throughput(*channel),
        }
    }

    pub fn limit(route: &Route, limit: DailyLimit, source: Source) -> Self {
        Self::DailyLimit {
            portfolio: daily_limit::portfolio_key(route),
            limit,
            source,
        }
    }

    /// Returns the change of owner; `None` if it is known already. Only Meta may be trusted with it: accounts of a portfolio use up its
    /// limit.
    pub fn owner(route: &Route, business_id: &str) -> Option<Self> {
        (route.portfolio != business_id).then(|| Self::Owner {
            tenant: route.tenant,
            waba_id: route.account().to_owned(),
            known_as: route.portfolio.clone(),
            business_id: business_id.to_owned(),
        })
    }
}

/// A portfolio whose limit was set, and the tenant whose sends it applies to; `None` is every tenant.
pub(crate) type LimitSet = (PortfolioKey, Option<TenantId>);

/// Stores changes of channels and portfolios and returns the limits that were set. Must run before contacts, conversations and messages
/// are locked. The caller releases the sends held for those limits after the commit ([`super::release_limits`]).
pub(crate) async fn apply_account_changes(
    tx: &mut Tx,
    clock: &Clock,
    changes: &[AccountChange],
) -> Result<Vec<LimitSet>> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let now = clock.now();
    let (mut adopted, mut limits) = (Vec::new(), Vec::new());
    Stage::Configuration.reach(tx);
    for it in latest(changes) {
        match it {
            AccountChange::DailyLimit {
                portfolio,
                limit,
                source,
            } => limits.push((portfolio, *limit, *source)),
            AccountChange::Owner {
                tenant,
                waba_id,
                known_as,
                business_id,
            } => {
                if channels::set_owner(tx.on(), *tenant, waba_id, business_id, now).await? > 0 {
                    let from = PortfolioKey {
                        portfolio: known_as.clone(),
                        tenant: *tenant,
                    };
                    adopted.push((from, business_id));
                }
            }
            AccountChange::Throughput {
                tenant,
                channel,
                per_second,
            } => drop(channels::set_throughput(tx.on(), *tenant, *channel, *per_second, now).await?),
        }
    }
    Stage::Portfolios.reach(tx);
    for (from, business_id) in adopted {
        portfolios::adopt(tx, &from, business_id).await?;
    }
    let mut set = Vec::new();
    for (portfolio, limit, source) in limits {
        set.push(set_limit(tx, portfolio, limit, source).await?);
    }
    Ok(set)
}

/// The subject of a change. Of several changes of one subject, the last applies.
#[derive(PartialEq, Eq, Hash)]
enum Subject<'a> {
    Limit(&'a PortfolioKey, Source),
    Owner(TenantId, &'a str),
    Throughput(ChannelId),
}

/// Returns the last change of each subject, in order. A webhook may report the same limit thousands of times, for each of a hundred
/// channels.
fn latest(changes: &[AccountChange]) -> Vec<&AccountChange> {
    let mut seen = HashSet::new();
    let mut latest: Vec<&AccountChange> = Vec::new();
    for it in changes.iter().rev() {
        if seen.insert(it.subject()) {
            latest.push(it);
        }
    }
    latest.reverse();
    latest
}

async fn set_limit(tx: &mut Tx, key: &PortfolioKey, limit: DailyLimit, source: Source) -> Result<LimitSet> {
    let (whom, tenant) = match source {
        Source::Meta => (LimitScope::All, None),
        Source::Tenant => (LimitScope::One, Some(key.tenant)),
    };
    portfolios::lock(tx, [key.portfolio.as_str()]).await?;
    portfolios::set_limit(tx.on(), key, limit, whom).await?;
    Ok((key.clone(), tenant))
}
