//! A channel that may not send, because its token or its account is no good, trips: its messages are kept until Meta says that it
//! may again.

use chrono::{DateTime, Utc};

use crate::{
    db::{self, Result},
    directory::Route,
    domain::{ChannelId, HoldReason, TenantId},
    events::channel::{BREAKER_TRIPPED, CAMPAIGNS_RESUMED, Resumed, Stopped},
    messaging::{MessagingService, accept::OUTBOUND, store::sends},
    records::{
        channels,
        events::{self, NewEvent},
    },
};

/// How many messages that were released are put into the queue at once; the sweep brings the others.
const CALLED: i64 = 5_000;

/// Lets the channel send nothing more, unless that is so already, and tells of it.
pub async fn trip(service: &MessagingService, channel: ChannelId, code: i64, reason: &str) -> Result<()> {
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    if let Some(tenant) = channels::trip(&mut tx, channel, code, reason, now).await? {
        metrics::counter!("mainstay_channels_tripped_total").increment(1);
        tracing::error!(channel.id = %channel, error.code = code, "a channel may not send; its messages wait until it was checked");
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

/// Lets the campaigns of a channel go on; tells how many messages had waited for it, or `None` when they did not rest.
pub async fn resume_campaigns(service: &MessagingService, tenant: TenantId, channel: ChannelId) -> Result<Option<u64>> {
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    if !channels::resume_campaigns(&mut tx, tenant, channel, now).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    let released = sends::release(&mut tx, channel, HoldReason::Campaigns, now).await?;
    let data = Resumed {
        channel_id: channel,
        released,
    };
    let event = NewEvent::new(&service.clock, tenant, &CAMPAIGNS_RESUMED, now, &data);
    events::append(&mut tx, &[event.on(channel)], now).await?;
    tx.commit().await?;
    service.directory.refresh().await?;
    call(service, channel).await;
    Ok(Some(released))
}

/// Has what was released looked at now. The rows are committed: what cannot be queued is found by the sweep.
pub async fn call(service: &MessagingService, channel: ChannelId) {
    match sends::due_of(service.db.reader(), channel, service.clock.now(), CALLED).await {
        Ok(due) => drop(service.queues.push_entries(&OUTBOUND, &due).await),
        Err(error) => tracing::warn!(%error, channel.id = %channel, "what was released is left to the sweep"),
    }
}

/// Lets a channel send again that tripped at `as_of` or before; `None` when it did not.
pub async fn recover(
    tx: &mut db::Tx,
    service: &MessagingService,
    route: &Route,
    as_of: DateTime<Utc>,
) -> Result<Option<Resumed>> {
    let now = service.clock.now();
    if channels::recover(&mut *tx, route.tenant, route.channel, as_of, now).await? == 0 {
        return Ok(None);
    }
    let released = sends::release(&mut *tx, route.channel, HoldReason::Breaker, now).await?;
    tracing::info!(channel.id = %route.channel, released, "a channel may send again");
    Ok(Some(Resumed {
        channel_id: route.channel,
        released,
    }))
}
