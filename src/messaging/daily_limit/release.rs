//! Releases messages held for a daily limit when there is room.

use chrono::{DateTime, Utc};

use super::COUNTING_PERIOD;
use crate::{
    db::{On, Result, Tx},
    domain::TenantId,
    messaging::store::sends,
    messaging::{LimitSet, MessagingService},
    records::portfolios::{self, PortfolioKey},
};

/// Releases as many held messages, of one tenant or all, as the portfolio has room for. The caller has locked the portfolio.
async fn release_waiting(tx: &mut Tx, key: &PortfolioKey, tenant: Option<TenantId>, now: DateTime<Utc>) -> Result<()> {
    let room = room(tx.on(), key, now).await?;
    if room <= 0 {
        return Ok(());
    }
    let released = sends::release_for_limit(tx.on(), tenant, &key.portfolio, room, now).await?;
    if released > 0 {
        tracing::info!(sends = released, "the daily limit has room: held messages are released");
    }
    Ok(())
}

/// Releases messages held for limits that were set. Failures are repaired by [`release_overlooked`].
pub(crate) async fn release_limits(service: &MessagingService, set: &[LimitSet]) {
    for (key, tenant) in set {
        if let Err(error) = release_limit(service, key, *tenant).await {
            tracing::warn!(%error, "messages held for a changed daily limit could not be released; this is retried");
        }
    }
}

async fn release_limit(service: &MessagingService, key: &PortfolioKey, tenant: Option<TenantId>) -> Result<()> {
    let release = async |tx: &mut Tx| {
        portfolios::lock(tx, [key.portfolio.as_str()]).await?;
        release_waiting(tx, key, tenant, service.clock.now()).await
    };
    service.db.transaction(release).await
}

/// Releases messages that are still held although there is room: a worker had them in hand when others were released, or a released
/// message was rejected or canceled.
pub(crate) async fn release_overlooked(service: &MessagingService) -> Result<()> {
    let now = service.clock.now();
    for key in sends::waiting_portfolios(service.db.reader()).await? {
        if room(service.db.reader(), &key, now).await? <= 0 {
            continue;
        }
        release_limit(service, &key, Some(key.tenant)).await?;
    }
    Ok(())
}

/// Returns how many more customers may be written to. Released messages count as written already.
async fn room(mut on: On<'_>, key: &PortfolioKey, now: DateTime<Utc>) -> Result<i64> {
    let standing = portfolios::usage(on.reborrow(), std::slice::from_ref(key)).await?.pop();
    let Some((most, used)) = standing.and_then(|it| Some((it.most()?, it.used))) else {
        return Ok(i64::MAX);
    };
    let ended = portfolios::count_expired(on.reborrow(), &key.portfolio, now - COUNTING_PERIOD).await?;
    Ok(most - used + ended - sends::count_released(on, &key.portfolio).await?)
}
