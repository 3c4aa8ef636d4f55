//! What Meta says of accounts and numbers, by webhook or when asked, as far as it decides what may be sent.

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

/// Whose word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Meta's, who was asked, or who signed with a secret of the operator's.
    Meta,
    /// Signed with a tenant's own secret: it speaks for that tenant alone, who might say anything of a portfolio of others.
    Tenant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// How many customers the portfolio may write to in a day.
    DailyLimit {
        portfolio: PortfolioKey,
        limit: DailyLimit,
        source: Source,
    },
    /// Who owns the account.
    Owner {
        tenant: TenantId,
        waba_id: String,
        /// What stood for the portfolio until now.
        known_as: String,
        business_id: String,
    },
    /// How many messages per second the number may exchange.
    Throughput {
        tenant: TenantId,
        channel: ChannelId,
        per_second: i64,
    },
}

impl News {
    fn subject(&self) -> Subject<'_> {
        match self {
            News::DailyLimit { portfolio, source, .. } => Subject::Limit(portfolio, *source),
            News::Owner { tenant, waba_id, .. } => Subject::Owner(*tenant, waba_id),
            News::Throughput { channel, .. } => Subject::Throughput(*channel),
        }
    }

    pub fn limit(route: &Route, limit: DailyLimit, source: Source) -> Self {
        Self::DailyLimit {
            portfolio: daily_limit::key(route),
            limit,
            source,
        }
    }

    /// `None` when it is known. To be believed of Meta only: who belongs to a portfolio uses up its limit.
    pub fn owner(route: &Route, business_id: &str) -> Option<Self> {
        (route.portfolio != business_id).then(|| Self::Owner {
            tenant: route.tenant,
            waba_id: route.waba_id.clone(),
            known_as: route.portfolio.clone(),
            business_id: business_id.to_owned(),
        })
    }
}

/// A portfolio whose limit was set, and the tenant whose sends wait for it; `None` for every tenant's.
pub type LimitSet = (PortfolioKey, Option<TenantId>);

/// Keeps what is new of channels and portfolios. Called before contacts, conversations and messages are locked. What waited for the limits
/// that were set is released once the transaction is committed ([`super::release_limits`]).
pub async fn apply_account_news(tx: &mut Tx, clock: &Clock, news: &[News]) -> Result<Vec<LimitSet>> {
    if news.is_empty() {
        return Ok(Vec::new());
    }
    let now = clock.now();
    let (mut adopted, mut limits) = (Vec::new(), Vec::new());
    Stage::Configuration.reach(tx);
    for it in latest(news) {
        match it {
            News::DailyLimit {
                portfolio,
                limit,
                source,
            } => limits.push((portfolio, *limit, *source)),
            News::Owner {
                tenant,
                waba_id,
                known_as,
                business_id,
            } => {
                if channels::set_owner(&mut *tx, *tenant, waba_id, business_id, now).await? > 0 {
                    let from = PortfolioKey {
                        portfolio: known_as.clone(),
                        tenant: *tenant,
                    };
                    adopted.push((from, business_id));
                }
            }
            News::Throughput {
                tenant,
                channel,
                per_second,
            } => drop(channels::set_throughput(&mut *tx, *tenant, *channel, *per_second, now).await?),
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

/// Whom news is about: of several about the same, the last one counts.
#[derive(PartialEq, Eq, Hash)]
enum Subject<'a> {
    Limit(&'a PortfolioKey, Source),
    Owner(TenantId, &'a str),
    Throughput(ChannelId),
}

/// The last news of each subject, in their order. A webhook may tell of the same limit thousands of times, for each of a hundred channels.
fn latest(news: &[News]) -> Vec<&News> {
    let mut told = HashSet::new();
    let mut latest: Vec<&News> = Vec::new();
    for it in news.iter().rev() {
        if told.insert(it.subject()) {
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
    portfolios::set_limit(&mut *tx, key, limit, whom).await?;
    Ok((key.clone(), tenant))
}
