//! Periodic maintenance of deliveries and endpoints.

use chrono::{DateTime, TimeDelta, Utc};

use super::{WebhookService, dispatcher::enqueue};
use crate::{
    db::Result,
    domain::EndpointId,
    queue::{Queues, recurring},
    webhooks::store::{
        deliveries::{self, REMOVED_AT_ONCE, SweptPage},
        endpoints::{self, ENDPOINT_JOBS},
    },
};

/// Maximum number of full pages of deleted endpoints' deliveries removed in one run, since the housekeeping loop has other tasks.
const MAX_PAGES: usize = 20;
/// Number of endpoints read together.
const BATCH: i64 = 500;
/// How long the row of a deleted endpoint stays, so that late deliveries are found and removed: a transaction that saw the endpoint before
/// its deletion may commit deliveries after it. None takes nearly as long.
const LATE_COMMITS: TimeDelta = TimeDelta::minutes(15);

/// Wakes idle jobs with due deliveries.
pub(crate) async fn wake_overdue(with: &WebhookService, queues: &Queues) -> Result<()> {
    let now = with.clock.now();
    let idle = endpoints::overdue_jobs(with.db.reader(), now).await?;
    let woken = recurring::wake(with.db.writer(), &ENDPOINT_JOBS, &idle, now).await?;
    if !woken.is_empty() {
        metrics::counter!("mainstay_endpoint_jobs_overlooked_total").increment(woken.len() as u64);
        enqueue(queues, &woken, now).await;
    }
    Ok(())
}

/// Sets the gauges of failing endpoints and of deliveries that wait.
pub(crate) async fn record_backlog(with: &WebhookService) -> Result<()> {
    let (failing, tripped) = endpoints::count_failing(with.db.reader()).await?;
    metrics::gauge!("mainstay_endpoints_failing").set(failing as f64);
    metrics::gauge!("mainstay_endpoint_breakers_open").set(tripped as f64);
    let backlog = deliveries::total_backlog(with.db.reader()).await?;
    let oldest = backlog.oldest_seconds(with.clock.now()).unwrap_or(0.0);
    metrics::gauge!("mainstay_delivery_backlog").set(backlog.waiting as f64);
    metrics::gauge!("mainstay_delivery_backlog_oldest_seconds").set(oldest);
    Ok(())
}

/// Removes a bounded number of the deliveries of deleted endpoints, and later the endpoints themselves.
pub async fn erase_deleted(with: &WebhookService) -> Result<()> {
    let (mut after, mut left) = (None, MAX_PAGES);
    loop {
        let page = endpoints::erasable(with.db.reader(), after, BATCH).await?;
        for it in &page {
            let waited = with.clock.now() - it.deleted_at > LATE_COMMITS;
            while deliveries::remove(&with.db, it.id).await? == REMOVED_AT_ONCE {
                left -= 1;
                if left == 0 {
                    return Ok(());
                }
            }
            if waited {
                endpoints::erase(with.db.writer(), it.tenant_id, it.id).await?;
            }
        }
        match page.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}

/// Removes deliveries finished before a time, with their attempts, and returns how many. Marks deliveries of older events that wait for a
/// disabled endpoint as dead.
pub async fn purge(with: &WebhookService, before: DateTime<Utc>) -> Result<u64> {
    let (mut removed, mut after) = (0, None);
    loop {
        let page: Vec<EndpointId> = endpoints::ids(with.db.reader(), after, BATCH).await?;
        for endpoint in &page {
            let mut swept = SweptPage::default();
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
