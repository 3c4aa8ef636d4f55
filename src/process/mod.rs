//! A running process: assembly, start and shutdown. `mainstay serve` is API and worker in one; the two other binaries are one of them each.

mod assembly;
mod background;
mod listen;
mod main;
mod worker_lock;

pub use main::{main, serve};

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{app::App, clock::Clock, config::Config, inbound::intake::Drained};

/// Time for requests in progress at shutdown; only a slow client needs longer.
const REQUESTS_TIMEOUT: Duration = Duration::from_secs(10);
/// Time to store what requests brought; only a hanging database needs longer. Nothing that is cut off was acknowledged.
const STORING_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for each of the remaining steps.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(2);

/// The roles of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    pub api: bool,
    pub worker: bool,
}

impl Roles {
    pub const API: Roles = Roles {
        api: true,
        worker: false,
    };
    pub const WORKER: Roles = Roles {
        api: false,
        worker: true,
    };
    pub const BOTH: Roles = Roles {
        api: true,
        worker: true,
    };
}

/// A running process. End it with [`RunningProcess::stop`].
pub struct RunningProcess {
    pub app: App,
    /// The address of the main listener, if there is one.
    pub address: Option<SocketAddr>,
    /// The address of the separate metrics listener.
    pub metrics_address: Option<SocketAddr>,
    /// Cancelled first: no more connections, requests in progress finish.
    doors: CancellationToken,
    /// Cancelled when no request can arrive any more.
    intake: CancellationToken,
    /// Cancelled last.
    work: CancellationToken,
    server: Option<JoinHandle<()>>,
    drained: Drained,
    outbox: JoinHandle<()>,
    tasks: background::Tasks,
    /// Released last.
    _worker_lock: Option<worker_lock::WorkerLock>,
}

/// Starts a process; returns once it serves.
pub async fn start(config: Config, roles: Roles, clock: Clock) -> anyhow::Result<RunningProcess> {
    start_with(config, roles, clock, Storing::On).await
}

/// Whether webhooks are stored. Only the benchmark disables it, to measure the cost of storing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storing {
    On,
    #[cfg_attr(
        not(feature = "simulator"),
        expect(dead_code, reason = "benchmarks alone run without storing")
    )]
    Off,
}

pub(crate) async fn start_with(
    config: Config,
    roles: Roles,
    clock: Clock,
    storing: Storing,
) -> anyhow::Result<RunningProcess> {
    let (doors, intake, work) = (
        CancellationToken::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let shutdown_tokens = assembly::ShutdownTokens {
        intake: intake.clone(),
        work: work.clone(),
    };
    let parts = assembly::assemble(config, roles, clock, storing, shutdown_tokens).await?;
    let app = parts.app;
    let listeners = listen::bind(&app.config, roles).await?;
    let (address, metrics_address) = listeners.addresses()?;
    let writers = background::BackgroundWriters {
        conclusions: parts.conclusions,
        deliveries: parts.dispatcher_tasks,
    };
    let mut tasks = background::spawn(&app, roles, writers, &work);
    tasks.others.push(background::hints(app.clone(), parts.hints));
    tasks.others.push(background::wake(&app, parts.committed, work.clone()));
    tasks.others.extend(background::wake_consumers(&app, work.clone()));
    if roles.worker {
        tasks
            .others
            .push(background::uploads(app.clone(), parts.uploads, work.clone()));
    }
    let server = listeners.spawn(&app, roles, &doors);
    Ok(RunningProcess {
        app,
        address,
        metrics_address,
        doors,
        intake,
        work,
        server,
        drained: parts.drained,
        outbox: parts.outbox,
        tasks,
        _worker_lock: parts.worker_lock,
    })
}

impl RunningProcess {
    /// Shuts down in order: stop accepting, finish requests, store what they brought, finish jobs.
    pub async fn stop(self) {
        self.doors.cancel();
        if let Some(server) = self.server {
            within(REQUESTS_TIMEOUT, "requests", server).await;
        }
        self.intake.cancel();
        within(STORING_TIMEOUT, "webhooks", self.drained.wait()).await;
        within(STORING_TIMEOUT, "messages to send", end(self.outbox)).await;
        self.work.cancel();
        if let Some(workers) = self.tasks.workers {
            end(workers).await;
        }
        let others = futures::future::join_all(self.tasks.others.into_iter().map(end));
        within(CLOSING_TIMEOUT, "background tasks", others).await;
        within(CLOSING_TIMEOUT, "connections", self.app.db.close()).await;
    }
}

async fn end(task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, "a background task failed");
    }
}

/// Waits for `ending` at most for `limit`; unfinished work ends with the process.
async fn within(limit: Duration, what: &'static str, ending: impl Future) {
    if tokio::time::timeout(limit, ending).await.is_err() {
        tracing::warn!(
            what,
            limit_seconds = limit.as_secs(),
            "work in progress did not finish in time and is cut off"
        );
    }
}

/// Runs until SIGTERM or Ctrl-C, then drains.
pub async fn run(config: Config, roles: Roles) -> anyhow::Result<()> {
    let running = start(config, roles, Clock::default()).await?;
    let version = env!("CARGO_PKG_VERSION");
    let address = running.address.map(tracing::field::display);
    tracing::info!(address, roles.api, roles.worker, version, "mainstay runs");
    if let Some(address) = running
        .address
        .filter(|address| roles.api && address.ip().is_loopback())
    {
        tracing::info!(%address, "reached from this machine alone; behind a proxy elsewhere or in a container set HOST=0.0.0.0");
    }
    let signal = wait_for_signal().await?;
    tracing::info!(signal, "mainstay ends: finishing what is in hand");
    running.stop().await;
    tracing::info!("mainstay ended");
    Ok(())
}

/// Waits for SIGTERM or SIGINT, and returns its name.
pub(crate) async fn wait_for_signal() -> anyhow::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        result = tokio::signal::ctrl_c() => result.context("Ctrl-C cannot be listened for").map(|()| "SIGINT"),
    }
}
