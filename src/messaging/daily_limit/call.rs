//! Those who wait come when there is room.

use chrono::{DateTime, Utc};

use super::COUNTS;
use crate::{
    db::{On, Result, Tx},
    domain::TenantId,
    messaging::store::sends,
    messaging::{LimitSet, MessagingService},
    records::portfolios::{self, PortfolioKey},
};

/// Calls as many of those who wait, one tenant's or all, as the portfolio has room for. It is held.
async fn call(tx: &mut Tx, key: &PortfolioKey, tenant: Option<TenantId>, now: DateTime<Utc>) -> Result<()> {
    let room = room(&mut *tx, key, now).await?;
    if room <= 0 {
        return Ok(());
    }
    let called = sends::call(&mut *tx, tenant, &key.portfolio, room, now).await?;
    if called > 0 {
        tracing::info!(
            sends = called,
            "the daily limit has room: those who waited for it come now"
        );
    }
    Ok(())
}

/// Releases what waited for limits that were set. What fails here is found by [`call_overlooked`].
pub async fn release_limits(service: &MessagingService, set: &[LimitSet]) {
    for (key, tenant) in set {
        if let Err(error) = release_limit(service, key, *tenant).await {
            tracing::warn!(%error, "a daily limit was set, and what waited for it is released later");
        }
    }
}

async fn release_limit(service: &MessagingService, key: &PortfolioKey, tenant: Option<TenantId>) -> Result<()> {
    let release = async |tx: &mut Tx| {
        portfolios::lock(tx, [key.portfolio.as_str()]).await?;
        call(tx, key, tenant, service.clock.now()).await
    };
    service.db.transaction(release).await
}

/// Calls who still waits though there is room: a worker had it in hand when others were called, or somebody who was to take the room was
/// refused or withdrawn.
pub async fn call_overlooked(service: &MessagingService) -> Result<()> {
    let now = service.clock.now();
    for key in sends::limited(service.db.reader()).await? {
        if room(service.db.reader(), &key, now).await? <= 0 {
            continue;
        }
        release_limit(service, &key, Some(key.tenant)).await?;
    }
    Ok(())
}

/// How many more customers may be written to. Those who were called are expected to be written to.
async fn room(on: impl Into<On<'_>>, key: &PortfolioKey, now: DateTime<Utc>) -> Result<i64> {
    let mut on = on.into();
    let standing = portfolios::usage(on.reborrow(), std::slice::from_ref(key)).await?.pop();
    let Some((most, used)) = standing.and_then(|it| Some((it.most()?, it.used))) else {
        return Ok(i64::MAX);
    };
    let ended = portfolios::count_expired(on.reborrow(), &key.portfolio, now - COUNTS).await?;
    Ok(most - used + ended - sends::called(on, &key.portfolio).await?)
}
