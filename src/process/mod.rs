//! A running process: what it is made of, how it starts, how it ends. `mainstay serve` is api and worker in one; the two binaries are
//! each a half of it.

mod assembly;
mod background;
mod listen;
mod main;
mod sole;

pub use main::{main, serve};

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{app::App, clock::Clock, config::Config, inbound::intake::Drained};

/// How long, at the end, the requests in hand may take: longer only where a client does not finish its own.
const REQUESTS: Duration = Duration::from_secs(10);
/// And what they brought, and everything else that asks the database: longer only where that hangs. Nobody was promised what is
/// cut off.
const STORING: Duration = Duration::from_secs(3);
const CLOSING: Duration = Duration::from_secs(2);

/// Which halves run here.
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

/// A process that runs. It ends by [`Running::stop`].
pub struct Running {
    pub app: App,
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
    /// Where health and metrics are shown besides.
    pub metrics_address: Option<SocketAddr>,
    /// Cancelled first: no more connections, requests in hand finish.
    doors: CancellationToken,
    /// Cancelled when no request can come any more.
    intake: CancellationToken,
    /// Cancelled last.
    work: CancellationToken,
    server: Option<JoinHandle<()>>,
    drained: Drained,
    outbox: JoinHandle<()>,
    tasks: background::Tasks,
    /// Given up last.
    _sole: Option<sole::Sole>,
}

/// Starts a process and returns when it serves.
pub async fn start(config: Config, roles: Roles, clock: Clock) -> anyhow::Result<Running> {
    start_with(config, roles, clock, Storing::On).await
}

/// Whether webhooks are stored. Only the benchmark switches it off, to measure what storing costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storing {
    On,
    Off,
}

pub(crate) async fn start_with(
    config: Config,
    roles: Roles,
    clock: Clock,
    storing: Storing,
) -> anyhow::Result<Running> {
    let (doors, intake, work) = (
        CancellationToken::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let ends = assembly::Ends {
        intake: intake.clone(),
        work: work.clone(),
    };
    let assembled = assembly::assemble(config, roles, clock, storing, ends).await?;
    let app = assembled.app;
    let listeners = listen::bind(&app.config, roles).await?;
    let (address, metrics_address) = listeners.addresses()?;
    let desks = background::Desks {
        conclusions: assembled.conclusions,
        deliveries: assembled.desks,
    };
    let mut tasks = background::spawn(&app, roles, desks, &work);
    tasks.others.push(background::hints(app.clone(), assembled.hints));
    tasks
        .others
        .push(background::wake(&app, assembled.committed, work.clone()));
    if roles.worker {
        tasks
            .others
            .push(background::uploads(app.clone(), assembled.uploads, work.clone()));
    }
    let server = listeners.spawn(&app, roles, &doors);
    Ok(Running {
        app,
        address,
        metrics_address,
        doors,
        intake,
        work,
        server,
        drained: assembled.drained,
        outbox: assembled.outbox,
        tasks,
        _sole: assembled.sole,
    })
}

impl Running {
    /// Ends it in order: stop accepting, finish the requests in hand, store what they brought, finish the jobs in hand.
    pub async fn stop(self) {
        self.doors.cancel();
        if let Some(server) = self.server {
            within(REQUESTS, "requests", server).await;
        }
        self.intake.cancel();
        within(STORING, "webhooks", self.drained.wait()).await;
        within(STORING, "messages to send", end(self.outbox)).await;
        self.work.cancel();
        if let Some(workers) = self.tasks.workers {
            end(workers).await;
        }
        let others = futures::future::join_all(self.tasks.others.into_iter().map(end));
        within(CLOSING, "background tasks", others).await;
        within(CLOSING, "connections", self.app.db.close()).await;
    }
}

async fn end(task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, "a background task ended badly");
    }
}

/// Waits for what is in hand, but not for ever: what does not end in time ends with the process.
async fn within(limit: Duration, what: &'static str, ending: impl Future) {
    if tokio::time::timeout(limit, ending).await.is_err() {
        tracing::warn!(
            what,
            limit_seconds = limit.as_secs(),
            "something in hand did not end in time and is cut off"
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

/// Waits for the first of the signals that ask a process to end, and names it.
pub async fn wait_for_signal() -> anyhow::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        result = tokio::signal::ctrl_c() => result.context("Ctrl-C cannot be listened for").map(|()| "SIGINT"),
    }
}
