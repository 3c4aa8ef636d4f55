//! Circuit breaker of a channel. It trips when the token or account is unusable; the channel's messages are held until a check with Meta
//! succeeds.

use chrono::{DateTime, Utc};

use crate::{
    db::{self, Result},
    directory::Route,
    domain::{ChannelId, Ctx, HoldReason},
    events::channel::{BREAKER_TRIPPED, CAMPAIGNS_RESUMED, Resumed, Stopped},
    messaging::{MessagingService, accept::OUTBOUND, store::sends},
    provider::errors,
    records::{
        channels,
        events::{self, NewEvent},
    },
};

/// Maximum number of released messages that are queued at once; the sweep finds the others.
const MAX_ENQUEUED: i64 = 5_000;

/// Trips a channel's circuit breaker, unless it is open already, and appends an event.
pub async fn trip(service: &MessagingService, channel: ChannelId, code: i64, reason: &str) -> Result<()> {
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    if let Some(tenant) = channels::trip(tx.on(), channel, code, reason, now).await? {
        metrics::counter!("mainstay_channels_tripped_total").increment(1);
        let entry = errors::entry(code);
        tracing::error!(channel.id = %channel, error.code = code, error.title = entry.title, error.advice = entry.advice,
            "a channel's circuit breaker tripped; its messages are held");
        let data = Stopped {
            channel_id: channel,
            code,
            reason,
        };
        let event = NewEvent::new(&service.clock, tenant, &BREAKER_TRIPPED, now, &data);
        events::append(&mut tx, &[event.on(channel)], now).await?;
    }
    tx.commit().await?;
    service.directory.refresh().await
}

/// Resumes the campaigns of a channel. Returns how many messages were released; `None` if campaigns were not paused.
pub async fn resume_campaigns(service: &MessagingService, ctx: &Ctx, channel: ChannelId) -> Result<Option<u64>> {
    let tenant = ctx.tenant;
    let now = service.clock.now();
    let mut tx = service.db.begin_as(tenant).await?;
    if !channels::resume_campaigns(tx.on(), tenant, channel, now).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    let released = sends::release(tx.on(), channel, HoldReason::Campaigns, now).await?;
    let data = Resumed {
        channel_id: channel,
        released,
    };
    let event = NewEvent::new(&service.clock, tenant, &CAMPAIGNS_RESUMED, now, &data).by(ctx.actor);
    events::append(&mut tx, &[event.on(channel)], now).await?;
    tx.commit().await?;
    service.directory.refresh().await?;
    enqueue_released(service, channel).await;
    Ok(Some(released))
}

/// Queues released messages of a channel. The rows are committed: the sweep finds what cannot be queued here.
pub(crate) async fn enqueue_released(service: &MessagingService, channel: ChannelId) {
    match sends::find_due(service.db.reader(), channel, service.clock.now(), MAX_ENQUEUED).await {
        Ok(due) => drop(service.queues.push_entries(&OUTBOUND, &due).await),
        Err(error) => {
            tracing::warn!(%error, channel.id = %channel, "released messages could not be queued; the sweep finds them")
        }
    }
}

/// Closes a circuit breaker that tripped at `as_of` or before, and releases its messages; `None` if it was not open.
pub async fn recover(
    tx: &mut db::Tx,
    service: &MessagingService,
    route: &Route,
    as_of: DateTime<Utc>,
) -> Result<Option<Resumed>> {
    let now = service.clock.now();
    if channels::recover(tx.on(), route.tenant, route.channel, as_of, now).await? == 0 {
        return Ok(None);
    }
    let released = sends::release(tx.on(), route.channel, HoldReason::Breaker, now).await?;
    tracing::info!(channel.id = %route.channel, released, "a channel's circuit breaker closed");
    Ok(Some(Resumed {
        channel_id: route.channel,
        released,
    }))
}
