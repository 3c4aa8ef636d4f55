use anyhow::{Context, bail};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Roles, Storing,
    sole::{self, Sole},
};
use crate::{
    app::{App, Foundation},
    clock::Clock,
    config::Config,
    db::{Db, Hint, PoolLimits},
    directory::Directory,
    egress::EgressClient,
    inbound::intake::{Drained, Hints, Intake},
    messaging::{Concluded, Conclusions, Upload, Uploads, accept::Outbox},
    meta::graph,
    queue::Queues,
    rate_limit::RateLimiter,
    records::partitions,
    storage::Storage,
    telemetry,
    webhooks::Desks,
};

pub struct Assembled {
    pub app: App,
    pub drained: Drained,
    /// Ends when every request to send is committed and answered.
    pub outbox: JoinHandle<()>,
    /// Ids that intake has stored, to be queued.
    pub hints: mpsc::Receiver<Vec<Uuid>>,
    /// What came of calls to Meta, to be written.
    pub conclusions: mpsc::Receiver<Concluded>,
    /// Files that Meta must have.
    pub uploads: mpsc::Receiver<Upload>,
    /// What is read and written for deliveries.
    pub desks: Desks,
    /// What was committed that somebody ought to see to.
    pub committed: mpsc::Receiver<Vec<Hint>>,
    /// What keeps other workers off this database file.
    pub sole: Option<Sole>,
}

/// What tells the parts that the end has come.
pub struct Ends {
    /// No request can come any more.
    pub intake: CancellationToken,
    /// Nothing new is to be worked on.
    pub work: CancellationToken,
}

/// Puts the parts together. The embedded size brings its own database up to date; a shared one is migrated by a release.
pub async fn assemble(
    config: Config,
    roles: Roles,
    clock: Clock,
    storing: Storing,
    ends: Ends,
) -> anyhow::Result<Assembled> {
    let connections = PoolLimits {
        tenants: config.database_read_connections,
        ..config.database_connections.into()
    };
    let db = Db::open(&config.database_url, connections).await;
    let db = db.context("DATABASE_URL: the database does not open; check the address, or that it runs")?;
    let sole = if roles.worker { sole::lock(&config)? } else { None };
    prepare(&db, &clock).await?;
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
    let (uploads, wanted) = Uploads::channel();
    let graph = graph::GraphClient::new(&config.graph.base_url, &config.graph.version, config.graph.timeout)?;
    let storage = Storage::open(&config.storage).context("MAINSTAY_STORAGE")?;
    let egress = EgressClient::new(config.egress.clone()).context("the client for addresses of tenants")?;
    let committed = db
        .subscribe_to_hints()
        .context("somebody else listens to the database")?;
    let (app, desks) = App::new(Foundation {
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
        metrics: telemetry::install_metrics(),
        work_ends: ends.work,
    });
    Ok(Assembled {
        app,
        drained,
        outbox: out,
        hints,
        conclusions: concluded,
        uploads: wanted,
        desks,
        committed,
        sole,
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

fn warn_of_closed_doors(config: &Config) {
    if config.app_secrets.is_empty() {
        tracing::warn!("META_APP_SECRETS is unset: only webhooks signed by a channel's own app secret are taken");
    }
    if config.verify_token.is_none() {
        tracing::warn!("META_VERIFY_TOKEN is unset: Meta's handshake is refused");
    }
    if config.admin_token.is_none() {
        tracing::warn!("MAINSTAY_ADMIN_TOKEN is unset: the operator's API under /admin is closed");
    }
}
