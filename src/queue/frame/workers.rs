use std::{sync::Arc, time::Duration};

use apalis::prelude::Monitor;
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    execution,
    feeder::feed,
    keeper::keep,
    line::{Line, Shared},
    pauses::watch_pauses,
    presence::{self, be_present},
    runner::work,
    sweep::sweep,
    terms::Terms,
};
use crate::{
    clock::Clock,
    db::Db,
    queue::{Job, Queues, outage::Outage},
};

/// How long a leaving process lets its jobs go on, unless said otherwise.
const DRAIN_LIMIT: Duration = Duration::from_secs(25);
/// How long jobs that were told to give up have to let go of their rows.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// A part of the frame panicked. The others were stopped in good order; the process had better be started again.
#[derive(Debug, thiserror::Error)]
#[error("a part of the workers ended by itself: {0}")]
pub struct WorkersError(String);

/// The jobs of a process: `Workers::new(…).register::<A>().register::<B>().run(shutdown)`.
pub struct Workers<C> {
    context: C,
    db: Db,
    queues: Queues,
    clock: Clock,
    drain_limit: Duration,
    jobs: Vec<(Terms, Register<C>)>,
}

/// Adds the worker of one job to the monitor.
type Register<C> = fn(Monitor, Arc<Line>, &C, execution::Source) -> Monitor;

impl<C: Clone + Send + Sync + 'static> Workers<C> {
    pub fn new(context: C, db: Db, queues: Queues, clock: Clock) -> Self {
        Self {
            context,
            db,
            queues,
            clock,
            drain_limit: DRAIN_LIMIT,
            jobs: Vec::new(),
        }
    }

    /// Adds a kind of job. Each queue has one.
    pub fn register<J: Job<Context = C>>(mut self) -> Self {
        self.jobs.push((Terms::of::<J>(), register::<J>));
        self
    }

    /// How long jobs may go on after the shutdown was asked for (25 s unless set). What is not finished then is stopped and
    /// tried again later.
    pub fn drain_limit(self, drain_limit: Duration) -> Self {
        Self { drain_limit, ..self }
    }

    /// Works until the token is cancelled, and then until what is in hand is finished. What was taken but not begun is given back, so
    /// that others start it at once.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), WorkersError> {
        let (tell_paused, paused) = watch::channel(None);
        let shared = Arc::new(Shared {
            db: self.db,
            queues: self.queues,
            clock: self.clock,
            name: presence::name(),
            paused,
            database: Outage::new("queues: the database", "mainstay_queue_database_errors_total"),
            stop: CancellationToken::new(),
            give_up: CancellationToken::new(),
            end: CancellationToken::new(),
        });
        let (mut tasks, mut monitor) = (JoinSet::new(), execution::monitor());
        let mut lines = Vec::new();
        for (terms, register) in self.jobs {
            let (line, settlements) = Line::new(shared.clone(), terms);
            let (give, source) = mpsc::channel(terms.concurrency);
            monitor = register(monitor, line.clone(), &self.context, Arc::new(Mutex::new(source)));
            tasks.spawn(feed(line.clone(), give));
            tasks.spawn(keep(line.clone(), settlements));
            tasks.spawn(sweep(line.clone()));
            lines.push(line);
        }
        tasks.spawn(watch_pauses(shared.clone(), tell_paused));
        tasks.spawn(be_present(shared.clone(), lines.clone()));
        let handlers = monitor.context();
        tasks.spawn(async move { drop(monitor.run().await) });

        let fault = tokio::select! {
            () = shutdown.cancelled() => None,
            Some(ended) = tasks.join_next() => Some(fault(ended)),
        };
        shared.stop.cancel();
        if tokio::time::timeout(self.drain_limit, idle(&lines)).await.is_err() {
            tracing::warn!(
                limit_seconds = self.drain_limit.as_secs(),
                "queues: jobs did not finish in time"
            );
            shared.give_up.cancel();
            drop(tokio::time::timeout(LAST_WORDS, idle(&lines)).await);
        }
        for line in &lines {
            line.markers.remove(line).await;
        }
        drop(handlers.shutdown());
        shared.end.cancel();
        let leaving = async { while tasks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(LAST_WORDS, leaving).await);
        fault.map_or(Ok(()), Err)
    }
}

fn register<J: Job>(monitor: Monitor, line: Arc<Line>, context: &J::Context, source: execution::Source) -> Monitor {
    let (name, terms, context) = (
        format!("{}/{}", line.shared.name, J::QUEUE.name),
        line.terms,
        context.clone(),
    );
    execution::register(monitor, name, terms, source, move |batch| {
        let (line, context) = (line.clone(), context.clone());
        async move { work::<J>(&line, &context, batch).await }
    })
}

/// Ready when no batch is in hand.
async fn idle(lines: &[Arc<Line>]) {
    for line in lines {
        let all = u32::try_from(line.terms.concurrency).unwrap_or(u32::MAX);
        drop(line.slots.acquire_many(all).await);
    }
}

fn fault(ended: Result<(), JoinError>) -> WorkersError {
    let why = ended.map_or_else(|error| error.to_string(), |()| "one of its loops returned".to_owned());
    tracing::error!(%why, "queues: a part of the workers ended by itself");
    WorkersError(why)
}
