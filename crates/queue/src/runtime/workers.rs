//! Assembly, start and graceful shutdown of a process's workers.

use std::{sync::Arc, time::Duration};

use apalis::prelude::Monitor;
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    execution,
    fetcher::fetch_batches,
    heartbeat::{send_heartbeats, worker_id},
    job_spec::JobSpec,
    lease_keeper::keep_leases,
    pauses::watch_pauses,
    queue_worker::{QueueWorker, Shared},
    runner::process_batch,
    sweep::sweep,
};
use crate::{Job, Queues, outage::Outage};
use mainstay_core::clock::Clock;
use mainstay_db::Db;

/// Default for [`Workers::drain_limit`].
const DRAIN_LIMIT: Duration = Duration::from_secs(25);
/// How long aborted jobs have to release their rows.
const EXIT_TIMEOUT: Duration = Duration::from_secs(3);

/// A task of the runtime panicked or returned. The others were stopped gracefully; the process should be restarted.
#[derive(Debug, thiserror::Error)]
#[error("a worker task ended unexpectedly: {0}")]
pub struct WorkersError(String);

/// The job workers of a process: `Workers::new(…).register::<A>().register::<B>().run(shutdown)`.
pub struct Workers<C> {
    context: C,
    db: Db,
    queues: Queues,
    clock: Clock,
    name: String,
    drain_limit: Duration,
    jobs: Vec<(JobSpec, Register<C>)>,
}

/// Adds the apalis worker of a job to the monitor.
type Register<C> = fn(Monitor, Arc<QueueWorker>, &C, execution::BatchSource) -> Monitor;

impl<C: Clone + Send + Sync + 'static> Workers<C> {
    pub fn new(context: C, db: Db, queues: Queues, clock: Clock) -> Self {
        Self {
            context,
            db,
            queues,
            clock,
            name: worker_id(),
            drain_limit: DRAIN_LIMIT,
            jobs: Vec::new(),
        }
    }

    /// Sets the name under which they are listed, made by [`worker_id`], where others name the process too.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// Registers a kind of job. Each queue has exactly one.
    pub fn register<J: Job<Context = C>>(mut self) -> Self {
        self.jobs.push((JobSpec::of::<J>(), register::<J>));
        self
    }

    /// Sets how long jobs may run on after the shutdown was requested (default 25 s). Jobs not finished by then are aborted and retried
    /// later.
    pub fn drain_limit(self, drain_limit: Duration) -> Self {
        Self { drain_limit, ..self }
    }

    /// Runs until the token is cancelled, then until the jobs in flight are finished. Jobs fetched but not begun are queued again at once,
    /// for other workers.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), WorkersError> {
        let (paused_sender, paused) = watch::channel(None);
        let shared = Arc::new(Shared {
            db: self.db,
            queues: self.queues,
            clock: self.clock,
            name: self.name,
            paused,
            database: Outage::new("queues: the database", "mainstay_queue_database_errors_total"),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            end: CancellationToken::new(),
        });
        let (mut tasks, mut monitor) = (JoinSet::new(), execution::monitor());
        let mut workers = Vec::new();
        for (spec, register) in self.jobs {
            let (worker, settlements) = QueueWorker::new(shared.clone(), spec);
            let (give, source) = mpsc::channel(spec.concurrency);
            monitor = register(monitor, worker.clone(), &self.context, Arc::new(Mutex::new(source)));
            tasks.spawn(fetch_batches(worker.clone(), give));
            tasks.spawn(keep_leases(worker.clone(), settlements));
            tasks.spawn(sweep(worker.clone()));
            workers.push(worker);
        }
        tasks.spawn(watch_pauses(shared.clone(), paused_sender));
        tasks.spawn(send_heartbeats(shared.clone(), workers.clone()));
        let handlers = monitor.context();
        tasks.spawn(async move { drop(monitor.run().await) });

        let fault = tokio::select! {
            () = shutdown.cancelled() => None,
            Some(ended) = tasks.join_next() => Some(task_error(ended)),
        };
        shared.stop.cancel();
        if tokio::time::timeout(self.drain_limit, idle(&workers)).await.is_err() {
            tracing::warn!(
                limit_seconds = self.drain_limit.as_secs(),
                "queues: jobs did not finish within the drain limit"
            );
            shared.abort.cancel();
            drop(tokio::time::timeout(EXIT_TIMEOUT, idle(&workers)).await);
        }
        for worker in &workers {
            worker.markers.remove_all(worker).await;
        }
        drop(handlers.shutdown());
        shared.end.cancel();
        let leaving = async { while tasks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(EXIT_TIMEOUT, leaving).await);
        fault.map_or(Ok(()), Err)
    }
}

fn register<J: Job>(
    monitor: Monitor,
    worker: Arc<QueueWorker>,
    context: &J::Context,
    source: execution::BatchSource,
) -> Monitor {
    let (name, spec, context) = (
        format!("{}/{}", worker.shared.name, J::QUEUE.name),
        worker.spec,
        context.clone(),
    );
    execution::register(monitor, name, spec, source, move |batch| {
        let (worker, context) = (worker.clone(), context.clone());
        async move { process_batch::<J>(&worker, &context, batch).await }
    })
}

/// Waits until no batch is in flight.
async fn idle(workers: &[Arc<QueueWorker>]) {
    for worker in workers {
        let all = u32::try_from(worker.spec.concurrency).unwrap_or(u32::MAX);
        drop(worker.slots.acquire_many(all).await);
    }
}

fn task_error(ended: Result<(), JoinError>) -> WorkersError {
    let why = ended.map_or_else(|error| error.to_string(), |()| "a task returned".to_owned());
    tracing::error!(%why, "queues: a worker task ended unexpectedly");
    WorkersError(why)
}
