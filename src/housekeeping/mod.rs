//! What has to be done now and then, by whichever worker comes to it: everything here may run twice, and at once.

pub mod retention;
mod windows;

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use retention::Kind;
pub use windows::tell_closing_windows;

use crate::{
    app::App,
    db::Result,
    inbound::{self, store::quarantine},
    media,
    messaging::{self, accept, store::sends},
    queue::{self, counts},
    records::{channel_checks, partitions},
    webhooks,
};

/// Meetings missed in the dark: statuses with messages, quarantined events with channels. Files that are to go.
const OFTEN: Duration = Duration::from_secs(5);
/// Service windows that are about to end.
const SOON: Duration = Duration::from_secs(15);
/// What is counted for the metrics.
const COUNT: Duration = Duration::from_secs(30);
/// Partitions ahead, retention.
const SELDOM: Duration = Duration::from_secs(600);

/// How long a marker of a job in hand is kept that no worker came back to.
const MARKERS: TimeDelta = TimeDelta::days(1);

/// Keeps house until the process ends.
pub async fn run(app: App, shutdown: CancellationToken) {
    // Removing what is kept no longer may take long, and nothing that waits to be found waits for that.
    tokio::join!(keep_going(&app, &shutdown), keep_tidy(&app, &shutdown));
}

async fn keep_going(app: &App, shutdown: &CancellationToken) {
    let mut often = tokio::time::interval(OFTEN);
    let mut soon = tokio::time::interval(SOON);
    let mut count = tokio::time::interval(COUNT);
    often.set_missed_tick_behavior(MissedTickBehavior::Delay);
    soon.set_missed_tick_behavior(MissedTickBehavior::Delay);
    count.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (what, result) = tokio::select! {
            () = shutdown.cancelled() => return,
            _ = often.tick() => ("reunite", reunite(app).await),
            _ = soon.tick() => ("tell", tell_closing_windows(app).await.map(drop)),
            _ = count.tick() => ("count", messaging::measure_held(&app.messaging).await),
        };
        note(what, result);
    }
}

async fn keep_tidy(app: &App, shutdown: &CancellationToken) {
    let mut seldom = tokio::time::interval_at(Instant::now() + OFTEN, SELDOM);
    seldom.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = seldom.tick() => note("tidy", tidy(app).await),
        }
    }
}

fn note(what: &'static str, result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, task = what, "housekeeping was interrupted; it is tried again in its time");
        metrics::counter!("mainstay_housekeeping_failures_total", "task" => what).increment(1);
    }
}

/// Brings together what two transactions, each blind to the other, left apart. One that fails holds up none of the others.
pub async fn reunite(app: &App) -> Result<()> {
    let joined = inbound::join_overlooked(&app.inbound).await;
    let kept = media::emit_failures(&app.media).await;
    let cleared = media::remove_orphans(&app.media).await;
    let sent = look_after_sends(app).await;
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

async fn look_after_sends(app: &App) -> Result<()> {
    let now = app.clock.now();
    sends::take_up(&app.db).await?;
    sends::release_stray(&app.db, now).await?;
    sends::expire_kept(&app.db, now).await?;
    messaging::call_overlooked(&app.messaging).await?;
    sends::finish_known(&app.db, now).await.map(drop)
}

async fn release_quarantined(app: &App) -> Result<()> {
    let answered: Vec<String> = quarantine::with_channel(app.db.reader())
        .await?
        .into_iter()
        .map(|(it,)| it)
        .collect();
    if !answered.is_empty() {
        let mut tx = app.db.begin().await?;
        quarantine::release(&mut tx, &answered, app.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Makes room ahead and drops what is kept no longer.
pub async fn tidy(app: &App) -> Result<()> {
    let now = app.clock.now();
    let keep = &app.config.retention;
    partitions::ensure(&app.db, now).await?;
    counts::fold(&app.db, now).await?;
    let dropped = partitions::drop_before(&app.db, now - keep.raw_events).await?;
    let mut removed = vec![("partitions", dropped)];
    for what in retention::KINDS {
        removed.push((what.name(), remove(app, what).await?));
    }
    removed.push((
        "job_markers",
        queue::delete_stale_markers(&app.db, now - MARKERS).await?,
    ));
    removed.push(("sends", remove_sends(app).await?));
    removed.push((
        "portfolio_recipients",
        messaging::forget_recipients(&app.messaging).await?,
    ));
    let kept = now - app.config.deliveries.retention;
    removed.push(("deliveries", webhooks::purge(&app.webhooks, kept).await?));
    removed.push(("media", media::expire(&app.media).await?));
    media::prioritize_expiring(&app.db, now + media::URGENT).await?;
    channel_checks::insert_missing(&app.db, now).await?;
    retention::marks(&app.db, now - keep.dead_events).await?;
    for (what, rows) in removed {
        metrics::counter!("mainstay_retention_removed_total", "what" => what).increment(rows);
    }
    Ok(())
}

async fn remove_sends(app: &App) -> Result<u64> {
    let before = app.clock.now() - app.config.retention.sends;
    let (mut from, mut removed) = (DateTime::UNIX_EPOCH, 0);
    loop {
        let looked = retention::sends(&app.db, from, before).await?;
        removed += looked.removed;
        match looked.next {
            Some(next) => from = next,
            None => return Ok(removed),
        }
        tokio::task::yield_now().await;
    }
}

/// Until a chunk comes back short; between chunks others get their turn.
async fn remove(app: &App, what: Kind) -> Result<u64> {
    let keep = &app.config.retention;
    let kept = match what {
        Kind::DoneRawEvents => keep.raw_events,
        Kind::RawEvents => keep.dead_events,
        Kind::Events => keep.events,
        Kind::OrphanStatuses => keep.orphan_statuses,
        Kind::IdempotencyKeys => accept::KEY_KEPT,
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
