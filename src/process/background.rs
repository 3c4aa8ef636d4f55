//! Background tasks. Every task ends when it is cancelled, and is awaited.

use std::time::{Duration, Instant};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Roles;
use crate::{
    app::App,
    db::Hint,
    housekeeping,
    inbound::INBOUND,
    jobs,
    messaging::{
        self, {ConclusionSubmission, UploadRequest},
    },
    queue::Workers,
    records::event_consumers::{self, CONSUMERS},
    webhooks,
};

/// Interval at which changed channels are read; a new channel is known to every process after it.
const DIRECTORY_INTERVAL: Duration = Duration::from_secs(1);
/// Every tenth time all channels are read, whether or not one seems to have changed.
const WHOLE_DIRECTORY: u64 = 10;
/// Interval of SQLite checkpoints, which move the WAL into the database file.
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(100);
/// Interval at which the histograms are folded; without it they grow.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);
/// Queue depth at which pushing pauses: the queue has work for seconds, and more would only cost Redis what intake needs. The sweep finds
/// the rows that were not pushed.
const PUSH_DEPTH_LIMIT: usize = 20_000;
/// Length of the pause.
const PUSH_PAUSE: Duration = Duration::from_millis(250);
/// Pause before failed workers are restarted.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// The tasks of a process. The workers limit their own time to stop.
pub(crate) struct Tasks {
    pub workers: Option<JoinHandle<()>>,
    pub others: Vec<JoinHandle<()>>,
}

/// The tasks that store the jobs' results; they end after the jobs.
pub(crate) struct BackgroundWriters {
    pub conclusions: mpsc::Receiver<ConclusionSubmission>,
    pub deliveries: webhooks::DispatcherTasks,
}

pub fn spawn(app: &App, roles: Roles, writers: BackgroundWriters, shutdown: &CancellationToken) -> Tasks {
    let mut tasks = Tasks {
        workers: None,
        others: vec![
            task(refresh_directory(app.clone(), shutdown.clone())),
            task(fold_metrics(app.clone(), shutdown.clone())),
        ],
    };
    if !app.db.is_postgres() {
        tasks.others.push(task(checkpoint(app.clone(), shutdown.clone())));
    }
    if roles.worker {
        tasks
            .others
            .push(task(wake_reserved_sends(app.clone(), shutdown.clone())));
        tasks.workers = Some(task(work(app.clone(), writers, shutdown.clone())));
        tasks
            .others
            .push(task(housekeeping::run(app.clone(), shutdown.clone())));
    }
    tasks
}

/// Pushes the ids of stored webhooks to the queue, several commits in one command under load. Ends with intake.
pub fn hints(app: App, mut from: mpsc::Receiver<Vec<Uuid>>) -> JoinHandle<()> {
    const COMMITS: usize = 16;
    task(async move {
        let mut stored = Vec::with_capacity(COMMITS);
        let mut enough_until = Instant::now();
        while from.recv_many(&mut stored, COMMITS).await > 0 {
            let ids = stored.drain(..).flatten();
            if Instant::now() < enough_until {
                continue;
            }
            // The sweep finds ids that cannot be pushed; the queue counts and logs its own outages.
            let pushed = app.queues.push(&INBOUND, ids, app.clock.now()).await;
            if pushed.is_ok_and(|pushed| pushed.depth > PUSH_DEPTH_LIMIT) {
                enough_until = Instant::now() + PUSH_PAUSE;
            }
        }
    })
}

/// Wakes the jobs of endpoints for which deliveries were committed.
pub fn wake(app: &App, from: mpsc::Receiver<Vec<Hint>>, shutdown: CancellationToken) -> JoinHandle<()> {
    let (db, clock, queues) = (app.db.clone(), app.clock.clone(), app.queues.clone());
    task(webhooks::dispatcher::wake(db, clock, queues, from, shutdown))
}

/// Wakes the consumers of events that were committed, if there are consumers.
pub(crate) fn wake_consumers(app: &App, shutdown: CancellationToken) -> Option<JoinHandle<()>> {
    if app.consumers.is_empty() {
        return None;
    }
    let hints = app.db.subscribe_to_hints(CONSUMERS.name)?;
    let parts = (app.db.clone(), app.clock.clone(), app.queues.clone());
    let consumers = app.consumers.clone();
    Some(task(event_consumers::wake_hinted(parts, consumers, hints, shutdown)))
}

/// Uploads the files of messages to Meta.
pub fn uploads(app: App, from: mpsc::Receiver<UploadRequest>, shutdown: CancellationToken) -> JoinHandle<()> {
    task(messaging::upload_files(app.messaging.clone(), from, shutdown))
}

/// Runs the workers and restarts them after a fault: a process that only looks alive would be worse than a dead one.
async fn work(app: App, writers: BackgroundWriters, shutdown: CancellationToken) {
    let done = CancellationToken::new();
    let working = async {
        keep_working(&app, shutdown).await;
        done.cancel();
    };
    let conclusions = messaging::write_conclusions(&app.messaging, writers.conclusions, &done);
    tokio::join!(working, conclusions, writers.deliveries.run(&done));
}

async fn keep_working(app: &App, shutdown: CancellationToken) {
    loop {
        let workers = Workers::new(app.clone(), app.db.clone(), app.queues.clone(), app.clock.clone());
        let workers = workers.named(&app.schedules.worker);
        let Err(error) = jobs::register(workers, app).run(shutdown.clone()).await else {
            return;
        };
        tracing::error!(%error, "the workers failed and are restarted");
        metrics::counter!("mainstay_worker_restarts_total").increment(1);
        let rest = tokio::time::timeout(RESTART_DELAY, shutdown.cancelled());
        if rest.await.is_ok() {
            return;
        }
    }
}

/// Wakes sends with a rate-limit reservation when a number may send faster.
async fn wake_reserved_sends(app: App, shutdown: CancellationToken) {
    loop {
        let change = tokio::select! {
            change = app.rate_limiter.next_change() => change,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = messaging::clear_outdated_reservations(&app.messaging, &change).await {
            tracing::warn!(%error, channel.id = %change.number.channel, "reserved sends could not be woken; this is retried");
        }
    }
}

async fn refresh_directory(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(DIRECTORY_INTERVAL);
    for turn in 1.. {
        if !tick(&mut ticks, &shutdown).await {
            return;
        }
        let is_whole = turn % WHOLE_DIRECTORY == 0;
        let read = match is_whole {
            true => app.directory.reload().await,
            false => app.directory.refresh().await,
        };
        if let Err(error) = read {
            tracing::warn!(%error, "the channels could not be refreshed; the known ones stay in use");
        }
        let read = match is_whole {
            true => app.keywords.reload().await,
            false => app.keywords.refresh().await,
        };
        if let Err(error) = read {
            tracing::warn!(%error, "the keyword rules could not be refreshed; the known ones stay in use");
        }
    }
}

async fn fold_metrics(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(METRICS_INTERVAL);
    while tick(&mut ticks, &shutdown).await {
        app.metrics.run_upkeep();
    }
}

async fn checkpoint(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(CHECKPOINT_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while tick(&mut ticks, &shutdown).await {
        if let Err(error) = app.db.checkpoint().await {
            tracing::debug!(%error, "the WAL checkpoint failed and is retried at the next interval");
        }
    }
}

/// Waits for the next tick; returns false at shutdown.
async fn tick(ticks: &mut tokio::time::Interval, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        () = shutdown.cancelled() => false,
        _ = ticks.tick() => true,
    }
}

fn task(future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a process spawns its tasks; `RunningProcess::stop` awaits them"
    )]
    tokio::spawn(future)
}
