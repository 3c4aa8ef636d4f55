//! What Meta says of accounts and numbers, by webhook or when asked, as far as it decides what may be sent.

use crate::{
    clock::Clock,
    db::{Result, Tx},
    directory::Route,
    domain::{ChannelId, DailyLimit, TenantId},
    store::{
        channels,
        portfolios::{self, Key},
        sends,
    },
};

use super::daily_limit;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// How many customers the portfolio may write to in a day.
    DailyLimit { portfolio: Key, limit: DailyLimit },
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
    pub fn limit(route: &Route, limit: DailyLimit) -> Self {
        Self::DailyLimit {
            portfolio: daily_limit::key(route),
            limit,
        }
    }

    /// `None` when it is known.
    pub fn owner(route: &Route, business_id: &str) -> Option<Self> {
        (route.portfolio != business_id).then(|| Self::Owner {
            tenant: route.tenant,
            waba_id: route.waba_id.clone(),
            known_as: route.portfolio.clone(),
            business_id: business_id.to_owned(),
        })
    }
}

/// Keeps the news, and makes due what waited for a limit that is higher now. To be called before anything else in the transaction:
/// portfolios are locked before conversations and messages.
pub async fn heed(tx: &mut Tx, clock: &Clock, news: &[News]) -> Result<()> {
    let now = clock.now();
    for it in news {
        match it {
            News::DailyLimit { portfolio, limit } => raise(tx, clock, portfolio, *limit).await?,
            News::Owner {
                tenant,
                waba_id,
                known_as,
                business_id,
            } => {
                if channels::set_owner(&mut *tx, *tenant, waba_id, business_id, now).await? > 0 {
                    let from = Key {
                        tenant: *tenant,
                        portfolio: known_as.clone(),
                    };
                    portfolios::adopt(&mut *tx, &from, business_id).await?;
                }
            }
            News::Throughput {
                tenant,
                channel,
                per_second,
            } => drop(channels::set_throughput(&mut *tx, *tenant, *channel, *per_second, now).await?),
        }
    }
    Ok(())
}

async fn raise(tx: &mut Tx, clock: &Clock, portfolio: &Key, limit: DailyLimit) -> Result<()> {
    let now = clock.now();
    let standing = portfolios::set_limit(&mut *tx, portfolio, limit).await?;
    let room = match standing.most() {
        None => i64::MAX,
        Some(most) => most - standing.used + portfolios::ended(&mut *tx, portfolio, now - daily_limit::COUNTS).await?,
    };
    if room <= 0 {
        return Ok(());
    }
    let called = sends::unlimit(&mut *tx, portfolio.tenant, &portfolio.portfolio, room, now).await?;
    if called > 0 {
        tracing::info!(
            sends = called,
            "the daily limit has room again: those who waited for it come now"
        );
    }
    Ok(())
}
