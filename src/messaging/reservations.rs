use crate::{db::Result, messaging::MessagingService, messaging::store::sends, rate_limit::RateChange};

/// Makes those come at once who were told to come later, when that holds no longer.
pub async fn clear_outdated_reservations(service: &MessagingService, change: &RateChange) -> Result<()> {
    let (tenant, channel) = (change.number.tenant, change.number.channel);
    let called = sends::clear_reservations(&service.db, tenant, Some(channel), service.clock.now()).await?;
    tracing::info!(channel.id = %channel, sends = called, "a number may send faster: those who waited come now");
    // If Redis does not hear of it, it asks once more.
    let _ = service.rate_limiter.mark_applied(change).await;
    Ok(())
}
