//! Periodic maintenance, run by every worker process: everything here may run twice, and concurrently.

pub mod retention;
mod tenant_retention;
mod windows;

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use retention::RetentionTarget;
pub use windows::emit_window_closing;

use crate::{
    app::App,
    campaigns,
    contacts::import,
    db::Result,
    domain::Ctx,
    exports,
    inbound::{self, store::quarantine},
    media,
    messaging::{self, accept, store::sends},
    queue::{self, counts},
    records::{channel_checks, channels, event_consumers, partitions},
    schedule, verifications, webhooks,
};

/// Interval of [`reconcile`].
const RECONCILE_INTERVAL: Duration = Duration::from_secs(5);
/// Interval of the search for service windows that are about to close.
const WINDOWS_INTERVAL: Duration = Duration::from_secs(15);
/// Interval of the look for events that consumers have not consumed, and for campaigns on which nothing moves.
const CONSUMERS_INTERVAL: Duration = Duration::from_secs(60);
/// Interval of metrics that are counted in the database.
const METRICS_INTERVAL: Duration = Duration::from_secs(30);

/// How long the marker of a job in hand is kept that no worker came back to.
const MARKER_RETENTION: TimeDelta = TimeDelta::days(1);
/// How long it is kept what a merge of two contacts did.
const MERGE_JOURNAL_RETENTION: TimeDelta = TimeDelta::days(180);

/// Runs the frequent maintenance until the process ends. Retention is the work of a schedule.
pub async fn run(app: App, shutdown: CancellationToken) {
    tokio::join!(run_frequent(&app, &shutdown), plan_schedules(&app, &shutdown));
}

/// Plans the installation's own schedules, once.
async fn plan_schedules(app: &App, shutdown: &CancellationToken) {
    loop {
        let planned = schedule::plan_system(&app.schedules).await;
        let is_planned = planned.is_ok();
        record_failure("plan", planned);
        if is_planned
            || tokio::time::timeout(RECONCILE_INTERVAL, shutdown.cancelled())
                .await
                .is_ok()
        {
            return;
        }
    }
}

async fn run_frequent(app: &App, shutdown: &CancellationToken) {
    let mut reconcile_tick = tokio::time::interval(RECONCILE_INTERVAL);
    let mut windows_tick = tokio::time::interval(WINDOWS_INTERVAL);
    let mut consumers_tick = tokio::time::interval(CONSUMERS_INTERVAL);
    let mut metrics_tick = tokio::time::interval(METRICS_INTERVAL);
    reconcile_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    windows_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    consumers_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    metrics_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (what, result) = tokio::select! {
            () = shutdown.cancelled() => return,
            _ = reconcile_tick.tick() => ("reunite", reconcile(app).await),
            _ = windows_tick.tick() => ("tell", emit_window_closing(app).await.map(drop)),
            _ = consumers_tick.tick() => ("wake", wake(app).await),
            _ = metrics_tick.tick() => ("count", record_gauges(app).await),
        };
        record_failure(what, result);
    }
}

/// Sets the gauges that are counted in the database.
async fn record_gauges(app: &App) -> Result<()> {
    let held = messaging::record_held(&app.messaging).await;
    webhooks::record_backlog(&app.webhooks).await.and(held)
}

fn record_failure(what: &'static str, result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, task = what, "housekeeping failed; it is retried at the next interval");
        metrics::counter!("mainstay_housekeeping_failures_total", "task" => what).increment(1);
    }
}

/// Repairs what concurrent transactions missed of each other: statuses without their messages, quarantined events whose channel was
/// added, sends, deliveries and files left over. A failing step does not stop the others.
pub async fn reconcile(app: &App) -> Result<()> {
    let joined = inbound::join_overlooked(&app.inbound).await;
    let kept = media::emit_failures(&app.media).await;
    let cleared = media::remove_orphans(&app.media).await;
    let sent = reconcile_sends(app).await;
    let woken = webhooks::wake_overdue(&app.webhooks, &app.queues).await;
    let erased = webhooks::erase_deleted(&app.webhooks).await;
    release_quarantined(app)
        .await
        .and(joined)
        .and(kept)
        .and(cleared)
        .and(sent)
        .and(woken)
        .and(erased)
}

/// Wakes the consumers whose hint was lost, and those that are new; gives campaigns their jobs back, and watches them.
async fn wake(app: &App) -> Result<()> {
    let restored = campaigns::restore_jobs(&app.campaigns).await;
    let watched = campaigns::watch(&app.campaigns).await;
    let woken = event_consumers::wake_lagging((&app.db, &app.clock, &app.queues), &app.consumers).await;
    restored.and(watched).and(woken)
}

async fn reconcile_sends(app: &App) -> Result<()> {
    let now = app.clock.now();
    sends::requeue_missed(app.db.writer()).await?;
    sends::release_recovered(app.db.writer(), now).await?;
    sends::release_resumed(app.db.writer(), now).await?;
    sends::expire_held(app.db.writer(), now).await?;
    messaging::release_overlooked(&app.messaging).await?;
    sends::finish_resolved(app.db.writer(), now).await.map(drop)
}

async fn release_quarantined(app: &App) -> Result<()> {
    let answered: Vec<String> = quarantine::with_channel(app.db.reader())
        .await?
        .into_iter()
        .map(|(it,)| it)
        .collect();
    if !answered.is_empty() {
        let mut tx = app.db.begin().await?;
        quarantine::release(tx.on(), &answered, app.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Creates partitions ahead and removes rows past their retention: the work of the schedule `retention`. May run twice, and concurrently.
pub async fn clean_up(app: &App) -> Result<()> {
    let now = app.clock.now();
    let keep = &app.config.retention;
    partitions::ensure(&app.db, now).await?;
    counts::fold(&app.db, now).await?;
    let dropped = partitions::drop_before(&app.db, now - keep.raw_events).await?;
    let mut removed = vec![("partitions", dropped)];
    for what in retention::RETENTION_TARGETS {
        removed.push((what.name(), remove(app, what).await?));
    }
    removed.push((
        "job_markers",
        queue::delete_stale_markers(&app.db, now - MARKER_RETENTION).await?,
    ));
    import::clean_up(&app.imports).await?;
    exports::clean_up(&app.exports).await?;
    verifications::clean_up(&app.verifications).await?;
    let recipients = campaigns::clean_up(&app.campaigns, keep.campaigns).await?;
    removed.push(("campaign_recipients", recipients));
    removed.push(("sends", remove_sends(app).await?));
    removed.push((
        "portfolio_recipients",
        messaging::purge_recipients(&app.messaging).await?,
    ));
    let kept = now - app.config.deliveries.retention;
    removed.push(("deliveries", webhooks::purge(&app.webhooks, kept).await?));
    removed.push(("media", media::expire(&app.media).await?));
    removed.extend(tenant_retention::clean_up(app).await?);
    removed.push(("schedule_runs", schedule::remove_old(&app.schedules).await?));
    media::prioritize_expiring(app.db.writer(), now + media::URGENT).await?;
    channel_checks::insert_missing(&app.db, now).await?;
    cancel_archived(app).await?;
    retention::remove_markers(app.db.writer(), now - keep.dead_events).await?;
    for (what, rows) in removed {
        metrics::counter!("mainstay_retention_removed_total", "what" => what).increment(rows);
    }
    Ok(())
}

/// Cancels what was accepted for a channel while it was taken out of use.
async fn cancel_archived(app: &App) -> Result<()> {
    for (tenant, channel) in channels::archived(app.db.reader()).await? {
        messaging::cancel_waiting((&app.db, &app.clock), &Ctx::system(tenant), channel).await?;
    }
    Ok(())
}

async fn remove_sends(app: &App) -> Result<u64> {
    let before = app.clock.now() - app.config.retention.sends;
    let (mut from, mut removed) = (DateTime::UNIX_EPOCH, 0);
    loop {
        let page = retention::sends(&app.db, from, before).await?;
        removed += page.removed;
        match page.next {
            Some(next) => from = next,
            None => return Ok(removed),
        }
        tokio::task::yield_now().await;
    }
}

/// Removes chunks until one is not full, and yields between chunks.
async fn remove(app: &App, what: RetentionTarget) -> Result<u64> {
    let keep = &app.config.retention;
    let kept = match what {
        RetentionTarget::DoneRawEvents => keep.raw_events,
        RetentionTarget::RawEvents => keep.dead_events,
        RetentionTarget::Events => keep.events,
        RetentionTarget::OrphanStatuses => keep.orphan_statuses,
        RetentionTarget::IdempotencyKeys => accept::KEY_KEPT,
        RetentionTarget::MergeJournals => MERGE_JOURNAL_RETENTION,
        RetentionTarget::NumberChecks => app.config.verification_cache,
    };
    let mut removed = 0;
    loop {
        let rows = retention::remove(&app.db, what, app.clock.now() - kept).await?;
        removed += rows;
        if rows < retention::CHUNK as u64 {
            return Ok(removed);
        }
        tokio::task::yield_now().await;
    }
}
