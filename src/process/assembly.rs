//! Builds the services of a process from its configuration.

use anyhow::{Context, bail};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Roles, Storing,
    worker_lock::{self, WorkerLock},
};
use crate::{
    app::{App, Foundation},
    clock::Clock,
    config::Config,
    db::{Db, Hint, PoolLimits},
    directory::Directory,
    egress::EgressClient,
    inbound::intake::{Drained, Hints, Intake},
    messaging::{ConclusionSubmission, Conclusions, UploadQueue, UploadRequest, accept::Outbox},
    meta::graph,
    queue::Queues,
    rate_limit::RateLimiter,
    records::{event_consumers::EventConsumers, partitions},
    storage::Storage,
    telemetry,
    tenancy::{self, TenantService},
    webhooks::{DispatcherTasks, ENDPOINT_JOBS},
};

/// The parts of a process before it serves.
pub(crate) struct ProcessParts {
    pub app: App,
    pub drained: Drained,
    /// Ends when every accepted message is committed and answered.
    pub outbox: JoinHandle<()>,
    /// Ids of webhooks that intake has stored and that are to be queued.
    pub hints: mpsc::Receiver<Vec<Uuid>>,
    /// Results of requests to Meta that are to be stored.
    pub conclusions: mpsc::Receiver<ConclusionSubmission>,
    /// Files to be uploaded to Meta.
    pub uploads: mpsc::Receiver<UploadRequest>,
    /// The background tasks of the webhook dispatcher.
    pub dispatcher_tasks: DispatcherTasks,
    /// Hints about committed work that is to be woken.
    pub committed: mpsc::Receiver<Vec<Hint>>,
    /// The lock that keeps other workers off the SQLite file.
    pub worker_lock: Option<WorkerLock>,
}

/// Tokens that stop the parts, in order.
pub(crate) struct ShutdownTokens {
    /// Cancelled when no request can arrive any more.
    pub intake: CancellationToken,
    /// Cancelled when nothing new is to be started.
    pub work: CancellationToken,
}

/// Builds the parts. A SQLite database is migrated here; PostgreSQL is migrated by a release.
pub(crate) async fn assemble(
    config: Config,
    roles: Roles,
    clock: Clock,
    storing: Storing,
    ends: ShutdownTokens,
) -> anyhow::Result<ProcessParts> {
    let connections = PoolLimits {
        tenants: config.database_read_connections,
        ..config.database_connections.into()
    };
    let db = Db::open(&config.database_url, connections).await;
    let db = db.context("DATABASE_URL: cannot open the database; check the address, and that it runs")?;
    let worker_lock = if roles.worker {
        worker_lock::lock(&config, clock.now())?
    } else {
        None
    };
    prepare(&db, &clock).await?;
    let registry = TenantService {
        db: db.clone(),
        clock: clock.clone(),
        keyring: config.keyring.clone(),
    };
    tenancy::check_master_key(&registry).await?;
    let (queues, rate_limiter) = match &config.redis {
        Some(redis) => (
            Queues::redis(redis.url.expose(), &redis.prefix, clock.clone()).context("REDIS_URL")?,
            RateLimiter::redis(redis.url.expose(), &redis.prefix, clock.clone()).context("REDIS_URL")?,
        ),
        None => (Queues::in_memory(clock.clone()), RateLimiter::in_memory(clock.clone())),
    };
    let queues = queues.depth_limit(config.limits.queue_depth);
    let directory = Directory::new(db.clone(), config.keyring.clone(), &config.app_secrets);
    directory.refresh().await?;
    if roles.api {
        warn_of_closed_doors(&config);
    }
    let (giver, hints) = Hints::channel();
    let backlog = config.limits.intake_backlog;
    let (intake, drained) = Intake::start(db.for_intake(), clock.clone(), backlog, giver, ends.intake.clone());
    let intake = if storing == Storing::On {
        intake
    } else {
        Intake::discarding(clock.clone())
    };
    let backlog = config.limits.outbox_backlog;
    let (outbox, out) = Outbox::start(db.clone(), clock.clone(), queues.clone(), backlog, ends.intake);
    let (conclusions, concluded) = Conclusions::channel();
    let (uploads, wanted) = UploadQueue::channel();
    let graph = graph::GraphClient::new(&config.graph.base_url, &config.graph.version, config.graph.timeout)?;
    let storage = Storage::open(&config.storage).context("MAINSTAY_STORAGE")?;
    let egress = EgressClient::new(config.egress.clone()).context("the HTTP client for tenants' URLs")?;
    let committed = db
        .subscribe_to_hints(ENDPOINT_JOBS.name)
        .context("the database already has a listener")?;
    let (app, dispatcher_tasks) = App::new(Foundation {
        config,
        clock,
        db,
        queues,
        directory,
        rate_limiter,
        intake,
        outbox,
        conclusions,
        uploads,
        graph,
        storage,
        egress,
        consumers: EventConsumers::default(),
        metrics: telemetry::install_metrics(),
        work_ends: ends.work,
    });
    Ok(ProcessParts {
        app,
        drained,
        outbox: out,
        hints,
        conclusions: concluded,
        uploads: wanted,
        dispatcher_tasks,
        committed,
        worker_lock,
    })
}

async fn prepare(db: &Db, clock: &Clock) -> anyhow::Result<()> {
    if !db.is_postgres() {
        db.migrate().await?;
    }
    let pending = db.pending_migrations().await?;
    if pending > 0 {
        bail!("DATABASE_URL: {pending} migrations are missing in the database; run `mainstay migrate` first");
    }
    partitions::ensure(db, clock.now()).await?;
    Ok(())
}

/// Warns of settings without which parts of the API are closed.
fn warn_of_closed_doors(config: &Config) {
    if config.app_secrets.is_empty() {
        tracing::warn!("META_APP_SECRETS is unset: only webhooks signed by a channel's own app secret are accepted");
    }
    if config.verify_token.is_none() {
        tracing::warn!("META_VERIFY_TOKEN is unset: Meta's handshake is rejected");
    }
    if config.admin_token.is_none() {
        tracing::warn!("MAINSTAY_ADMIN_TOKEN is unset: the operator's API under /admin is closed");
    }
}
