//! Reads the usage of daily limits, and purges recipients that no longer count.

use super::COUNTING_PERIOD;
use crate::{
    db::Result,
    domain::{DailyLimit, HoldReason},
    messaging::{MessagingService, store::sends},
    records::portfolios::{self, PortfolioKey, PortfolioUsage},
};

/// Maximum number of recipients removed in one transaction; the portfolio is locked meanwhile.
const CHUNK: i64 = 2_000;
/// Reasons for holding messages, as shown in the metrics.
const REASONS: [HoldReason; 5] = [
    HoldReason::Breaker,
    HoldReason::Campaigns,
    HoldReason::DailyLimit,
    HoldReason::ProviderUnreachable,
    HoldReason::Unknown,
];

/// Usage of a portfolio's daily limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CustomersToday {
    /// `None` until Meta reports one.
    pub limit: Option<DailyLimit>,
    pub used: i64,
    /// Number of messages of the tenant that are held for the limit.
    pub waiting: i64,
}

/// Returns the customers that a portfolio, with all of its tenants, wrote to in the last 24 hours, its limit, and the number of held
/// messages of this tenant. Not for a tenant's database role, which sees the tenant's own rows only.
pub(crate) async fn customers_today(service: &MessagingService, key: &PortfolioKey) -> Result<CustomersToday> {
    let on = || service.db.reader();
    let standing = portfolios::usage(on(), std::slice::from_ref(key)).await?.pop();
    let ended = portfolios::count_expired(on(), &key.portfolio, service.clock.now() - COUNTING_PERIOD).await?;
    let waiting = sends::count_waiting_for_limit(on(), Some(key.tenant), &key.portfolio).await?;
    Ok(CustomersToday {
        limit: standing.as_ref().and_then(PortfolioUsage::daily_limit),
        used: standing.map_or(0, |it| it.used - ended),
        waiting,
    })
}

/// Removes recipients that no longer count, and returns how many.
pub(crate) async fn purge_recipients(service: &MessagingService) -> Result<u64> {
    let before = service.clock.now() - COUNTING_PERIOD;
    let mut removed = 0;
    for (portfolio,) in portfolios::all(service.db.reader()).await? {
        let mut ended = portfolios::count_expired(service.db.reader(), &portfolio, before).await?;
        while ended > 0 {
            let mut tx = service.db.begin().await?;
            portfolios::lock(&mut tx, [portfolio.as_str()]).await?;
            let mut gone = portfolios::remove_expired(tx.on(), &portfolio, before, CHUNK).await?;
            let count: i64 = gone.values().sum();
            gone.values_mut().for_each(|count| *count = -*count);
            portfolios::add(tx.on(), &gone).await?;
            tx.commit().await?;
            removed += count.cast_unsigned();
            ended = if count < CHUNK { 0 } else { ended - count };
        }
    }
    Ok(removed)
}

/// Sets the gauges of held messages by reason.
pub(crate) async fn record_held(service: &MessagingService) -> Result<()> {
    let held = sends::count_held(service.db.reader()).await?;
    for reason in REASONS {
        let count = held.iter().find(|(of, _)| *of == reason).map_or(0, |(_, count)| *count);
        metrics::gauge!("mainstay_sends_held", "reason" => reason.as_str()).set(count as f64);
    }
    Ok(())
}
