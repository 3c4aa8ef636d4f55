//! What has to be done now and then.

use chrono::{DateTime, TimeDelta, Utc};

use super::{WebhookService, dispatcher::offer};
use crate::{
    db::Result,
    domain::EndpointId,
    queue::Queues,
    webhooks::store::{
        deliveries::{self, REMOVED_AT_ONCE, Swept},
        endpoints,
    },
};

/// Whole pages of deleted endpoints' deliveries that are removed in one go: others wait for their turn in the same loop.
const PAGES: usize = 20;
/// Endpoints looked at together.
const TOGETHER: i64 = 500;
/// For how long the row of a deleted endpoint stays, so that what comes late is found and removed: a transaction that saw the endpoint
/// before it was deleted may commit deliveries after that. None takes nearly as long.
const STRAGGLERS: TimeDelta = TimeDelta::minutes(15);

/// Wakes lines that are idle though a delivery of theirs is due.
pub async fn wake_overlooked(with: &WebhookService, queues: &Queues) -> Result<()> {
    let now = with.clock.now();
    let idle = endpoints::idle_lines(&with.db, now).await?;
    if !idle.is_empty() {
        metrics::counter!("mainstay_delivery_lines_overlooked_total").increment(idle.len() as u64);
        offer(queues, &idle, now).await;
    }
    Ok(())
}

/// Removes what belongs to deleted endpoints, a bounded part of it, and later them.
pub async fn erase_deleted(with: &WebhookService) -> Result<()> {
    let (mut after, mut left) = (None, PAGES);
    loop {
        let page = endpoints::erasable(with.db.reader(), after, TOGETHER).await?;
        for it in &page {
            let waited = with.clock.now() - it.deleted_at > STRAGGLERS;
            while deliveries::remove(&with.db, it.id).await? == REMOVED_AT_ONCE {
                left -= 1;
                if left == 0 {
                    return Ok(());
                }
            }
            if waited {
                endpoints::erase(&with.db, it.tenant_id, it.id).await?;
            }
        }
        match page.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

/// Removes deliveries that ended before a time, with their attempts, and tells how many. Those of events from before then that wait for a
/// disabled endpoint are dead.
pub async fn forget(with: &WebhookService, before: DateTime<Utc>) -> Result<u64> {
    let (mut removed, mut after) = (0, None);
    loop {
        let page: Vec<EndpointId> = endpoints::ids(with.db.reader(), after, TOGETHER).await?;
        for endpoint in &page {
            let mut swept = Swept::default();
            loop {
                swept = deliveries::sweep(&with.db, *endpoint, swept.next, before, with.clock.now()).await?;
                removed += swept.removed;
                metrics::counter!("mainstay_deliveries_dead_total").increment(swept.ended);
                if swept.next.is_none() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        match page.last() {
            Some(last) => after = Some(*last),
            None => return Ok(removed),
        }
    }
}
