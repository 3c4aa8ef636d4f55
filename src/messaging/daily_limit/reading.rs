//! Portfolios, read: how many customers one has written to today, how many messages it holds back; and what of it is forgotten.

use super::COUNTS;
use crate::{
    db::Result,
    domain::{DailyLimit, HoldReason},
    messaging::{MessagingService, store::sends},
    records::portfolios::{self, PortfolioKey, PortfolioUsage},
};

/// Recipients removed in one transaction, while nobody else of the portfolio can be counted.
const CHUNK: i64 = 2_000;
/// Why messages are held.
const REASONS: [HoldReason; 4] = [
    HoldReason::Breaker,
    HoldReason::Campaigns,
    HoldReason::DailyLimit,
    HoldReason::Unknown,
];

/// How a portfolio stands, for people.
#[derive(Clone, Copy, Debug)]
pub struct CustomersToday {
    /// `None` while Meta has not said.
    pub limit: Option<DailyLimit>,
    pub used: i64,
    /// Messages that wait for the limit.
    pub waiting: i64,
}

/// How many customers a portfolio wrote to in the last 24 hours, all its tenants together, and how many it may; and how many messages of
/// this tenant's wait. Not for a tenant's role, which sees its own rows only.
pub async fn today(service: &MessagingService, key: &PortfolioKey) -> Result<CustomersToday> {
    let on = || service.db.reader();
    let standing = portfolios::usage(on(), std::slice::from_ref(key)).await?.pop();
    let ended = portfolios::count_expired(on(), &key.portfolio, service.clock.now() - COUNTS).await?;
    let waiting = sends::waiting_for_limit(on(), Some(key.tenant), &key.portfolio).await?;
    Ok(CustomersToday {
        limit: standing.as_ref().and_then(PortfolioUsage::daily_limit),
        used: standing.map_or(0, |it| it.used - ended),
        waiting,
    })
}

/// Removes the recipients who count no longer; tells how many.
pub async fn forget_recipients(service: &MessagingService) -> Result<u64> {
    let before = service.clock.now() - COUNTS;
    let mut removed = 0;
    for (portfolio,) in portfolios::all(service.db.reader()).await? {
        let mut ended = portfolios::count_expired(service.db.reader(), &portfolio, before).await?;
        while ended > 0 {
            let mut tx = service.db.begin().await?;
            portfolios::lock(&mut tx, [portfolio.as_str()]).await?;
            let mut gone = portfolios::remove_expired(&mut tx, &portfolio, before, CHUNK).await?;
            let count: i64 = gone.values().sum();
            gone.values_mut().for_each(|count| *count = -*count);
            portfolios::add(&mut tx, &gone).await?;
            tx.commit().await?;
            removed += count.cast_unsigned();
            ended = if count < CHUNK { 0 } else { ended - count };
        }
    }
    Ok(removed)
}

/// Shows how many messages are held, and why.
pub async fn measure_held(service: &MessagingService) -> Result<()> {
    let held = sends::by_hold(service.db.reader()).await?;
    for reason in REASONS {
        let count = held.iter().find(|(of, _)| *of == reason).map_or(0, |(_, count)| *count);
        metrics::gauge!("mainstay_sends_held", "reason" => reason.as_str()).set(count as f64);
    }
    Ok(())
}
