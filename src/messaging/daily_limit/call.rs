//! Those who wait come when there is room.

use chrono::{DateTime, Utc};

use super::COUNTS;
use crate::{
    db::{On, Result, Tx},
    domain::TenantId,
    messaging::MessagingService,
    messaging::store::sends,
    records::portfolios::{self, Key},
};

/// Calls as many of those who wait, one tenant's or all, as the portfolio has room for. It is held.
pub async fn call(tx: &mut Tx, key: &Key, tenant: Option<TenantId>, now: DateTime<Utc>) -> Result<()> {
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

/// Calls who still waits though there is room: a worker had it in hand when others were called, or somebody who was to take the room was
/// refused or withdrawn.
pub async fn call_overlooked(service: &MessagingService) -> Result<()> {
    let now = service.clock.now();
    for key in sends::limited(service.db.reader()).await? {
        if room(service.db.reader(), &key, now).await? <= 0 {
            continue;
        }
        let mut tx = service.db.begin().await?;
        portfolios::hold(&mut tx, [key.portfolio.as_str()]).await?;
        call(&mut tx, &key, Some(key.tenant), now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// How many more customers may be written to. Those who were called are expected to be written to.
async fn room(on: impl Into<On<'_>>, key: &Key, now: DateTime<Utc>) -> Result<i64> {
    let mut on = on.into();
    let standing = portfolios::standing(on.reborrow(), std::slice::from_ref(key))
        .await?
        .pop();
    let Some((most, used)) = standing.and_then(|it| Some((it.most()?, it.used))) else {
        return Ok(i64::MAX);
    };
    let ended = portfolios::ended(on.reborrow(), &key.portfolio, now - COUNTS).await?;
    Ok(most - used + ended - sends::called(on, &key.portfolio).await?)
}
