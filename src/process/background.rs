//! What runs beside the requests. Every task ends when it is told to, and is awaited.

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
        self, {Concluded, Upload},
    },
    queue::Workers,
    webhooks,
};

/// How soon a new channel is known to every process.
const DIRECTORY: Duration = Duration::from_secs(1);
/// Every so many times all channels are read, whether or not one seems to have changed.
const WHOLE_DIRECTORY: u64 = 10;
/// How often SQLite's log is moved into its file.
const CHECKPOINT: Duration = Duration::from_millis(100);
/// How often the histograms are folded; without it they grow.
const METRICS: Duration = Duration::from_secs(5);
/// With so many ids the queue has enough to do for seconds, and more would only cost Redis what intake needs: intake's ids rest for
/// a moment, and the sweep brings those rows when their turn comes.
const ENOUGH: usize = 20_000;
const REST: Duration = Duration::from_millis(250);
/// How long workers that ended badly stay away.
const RESTART: Duration = Duration::from_secs(1);

/// What runs until the end. The workers limit by themselves how long they take to leave.
pub struct Tasks {
    pub workers: Option<JoinHandle<()>>,
    pub others: Vec<JoinHandle<()>>,
}

/// What writes for the jobs; it ends after them.
pub struct Desks {
    pub conclusions: mpsc::Receiver<Concluded>,
    pub deliveries: webhooks::Desks,
}

pub fn spawn(app: &App, roles: Roles, desks: Desks, shutdown: &CancellationToken) -> Tasks {
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
        tasks.others.push(task(keep_promises(app.clone(), shutdown.clone())));
        tasks.workers = Some(task(work(app.clone(), desks, shutdown.clone())));
        tasks
            .others
            .push(task(housekeeping::run(app.clone(), shutdown.clone())));
    }
    tasks
}

/// Queues what intake has stored; several commits in one command when they come fast. Ends with intake.
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
            // What is not queued is found by the sweep; the queue counts and logs its own outages.
            let pushed = app.queues.push(&INBOUND, ids, app.clock.now()).await;
            if pushed.is_ok_and(|pushed| pushed.depth > ENOUGH) {
                enough_until = Instant::now() + REST;
            }
        }
    })
}

/// Wakes the lines of endpoints for which something was committed.
pub fn wake(app: &App, from: mpsc::Receiver<Vec<Hint>>, shutdown: CancellationToken) -> JoinHandle<()> {
    let with = (app.db.clone(), app.clock.clone(), app.queues.clone());
    task(webhooks::dispatcher::wake(with, from, shutdown))
}

/// Uploads the files of messages to Meta.
pub fn uploads(app: App, from: mpsc::Receiver<Upload>, shutdown: CancellationToken) -> JoinHandle<()> {
    task(messaging::upload_files(app.messaging.clone(), from, shutdown))
}

/// Workers that end by a fault of ours are started again: a process that only looks alive would be worse than one that is dead.
async fn work(app: App, desks: Desks, shutdown: CancellationToken) {
    let done = CancellationToken::new();
    let working = async {
        keep_working(&app, shutdown).await;
        done.cancel();
    };
    let conclusions = messaging::write_conclusions(&app.messaging, desks.conclusions, &done);
    tokio::join!(working, conclusions, desks.deliveries.run(&done));
}

async fn keep_working(app: &App, shutdown: CancellationToken) {
    loop {
        let workers = Workers::new(app.clone(), app.db.clone(), app.queues.clone(), app.clock.clone());
        let Err(error) = jobs::register(workers).run(shutdown.clone()).await else {
            return;
        };
        tracing::error!(%error, "the workers ended badly and are started again");
        metrics::counter!("mainstay_worker_restarts_total").increment(1);
        let rest = tokio::time::timeout(RESTART, shutdown.cancelled());
        if rest.await.is_ok() {
            return;
        }
    }
}

/// When a number may send faster, those who were told to come later come at once.
async fn keep_promises(app: App, shutdown: CancellationToken) {
    loop {
        let change = tokio::select! {
            change = app.rate_limiter.next_change() => change,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = messaging::promise_again(&app.messaging, &change).await {
            tracing::warn!(%error, channel.id = %change.number.channel, "promised sends could not be called back; it is tried again");
        }
    }
}

async fn refresh_directory(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(DIRECTORY);
    for turn in 1.. {
        if !tick(&mut ticks, &shutdown).await {
            return;
        }
        let read = match turn % WHOLE_DIRECTORY {
            0 => app.directory.reload().await,
            _ => app.directory.refresh().await,
        };
        if let Err(error) = read {
            tracing::warn!(%error, "the channels could not be read again; those known stay in use");
        }
    }
}

async fn fold_metrics(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(METRICS);
    while tick(&mut ticks, &shutdown).await {
        app.metrics.run_upkeep();
    }
}

async fn checkpoint(app: App, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(CHECKPOINT);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while tick(&mut ticks, &shutdown).await {
        if let Err(error) = app.db.checkpoint().await {
            tracing::debug!(%error, "the log could not be moved into the file; the next round tries again");
        }
    }
}

/// Waits for the next turn; false when the process ends.
async fn tick(ticks: &mut tokio::time::Interval, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        () = shutdown.cancelled() => false,
        _ = ticks.tick() => true,
    }
}

fn task(future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a process starts its tasks; `Running::stop` awaits them"
    )]
    tokio::spawn(future)
}
