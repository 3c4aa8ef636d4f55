//! Clears rate limiter reservations after a change of rates.

use crate::{db::Result, messaging::MessagingService, messaging::store::sends, rate_limit::RateChange};

/// Clears the reservations on a number whose rate was raised, and makes the sends due now.
pub(crate) async fn clear_outdated_reservations(service: &MessagingService, change: &RateChange) -> Result<()> {
    let (tenant, channel) = (change.number.tenant, change.number.channel);
    let woken = sends::clear_reservations(service.db.writer(), tenant, Some(channel), service.clock.now()).await?;
    tracing::info!(channel.id = %channel, sends = woken, "a number may send faster: its reservations are cleared");
    // If Redis misses this, it reports the change again.
    let _ = service.rate_limiter.mark_applied(change).await;
    Ok(())
}
