use crate::{app::App, db::Result, messaging::store::sends, rate_limit::RateChange};

/// Makes those come at once who were told to come later, when that holds no longer.
pub async fn promise_again(app: &App, change: &RateChange) -> Result<()> {
    let (tenant, channel) = (change.number.tenant, change.number.channel);
    let called = sends::unpromise(&app.db, tenant, Some(channel), app.clock.now()).await?;
    tracing::info!(channel.id = %channel, sends = called, "a number may send faster: those who waited come now");
    // If Redis does not hear of it, it asks once more.
    let _ = app.governor.applied(change).await;
    Ok(())
}
