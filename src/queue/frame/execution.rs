//! The only place that knows apalis. It runs batches: so many at a time, each in a task of its own, within a time-out, panics caught.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use apalis::prelude::{MemoryStorage, Monitor, ParallelizeExt, Task, TaskBuilder, WorkerBuilder, WorkerBuilderExt};
use apalis_core::backend::memory::{BoxedReceiver, MemorySink, MemoryStorageError};
use futures::{Sink, SinkExt, StreamExt, stream};
use tokio::sync::{Mutex, mpsc};

use super::{hands::Batch, terms::Terms};

/// Batches on their way to the handlers. Outlives a restart of the worker that reads it.
pub type Source = Arc<Mutex<mpsc::Receiver<Batch>>>;

/// A worker whose future ended is built again after this long. A monitor of apalis would do it at once and for ever.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

pub fn monitor() -> Monitor {
    Monitor::new().should_restart(|worker, error| {
        tracing::error!(worker = worker.name(), %error, "queues: a worker ended by itself and is started again");
        true
    })
}

/// Adds a worker that hands batches to `work`. `name` must be unique in the world.
pub fn register<Work, Done>(monitor: Monitor, name: String, terms: Terms, source: Source, work: Work) -> Monitor
where
    Work: Fn(Batch) -> Done + Clone + Send + Sync + 'static,
    Done: Future<Output = ()> + Send + 'static,
{
    monitor.register(move |restarts| {
        // The order matters: with the time-out outside, a job would run on after it.
        WorkerBuilder::new(format!("{name}/{restarts}"))
            .backend(MemoryStorage::new_with(no_sink(), batches(source.clone(), restarts)))
            .concurrency(terms.concurrency)
            .parallelize(spawn)
            .timeout(terms.backstop())
            .catch_panic()
            .build(work.clone())
    })
}

fn batches(source: Source, restarts: usize) -> BoxedReceiver<Batch> {
    let pause = if restarts == 0 { Duration::ZERO } else { RESTART_PAUSE };
    stream::once(tokio::time::sleep(pause))
        .flat_map(move |()| {
            stream::unfold(source.clone(), |source| async move {
                let batch = source.lock().await.recv().await?;
                Some((TaskBuilder::new(batch).build(), source))
            })
        })
        .boxed()
}

/// Nobody pushes through apalis.
fn no_sink() -> MemorySink<Batch> {
    type BoxedSink = Box<dyn Sink<Task<Batch>, Error = MemoryStorageError> + Send + Sync + Unpin>;
    let sink = futures::sink::drain().sink_map_err(|never: Infallible| -> MemoryStorageError { match never {} });
    MemorySink::new(Arc::new(futures::lock::Mutex::new(Box::new(sink) as BoxedSink)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "apalis awaits it, and the worker does not leave before its jobs"
)]
fn spawn<F>(job: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(job)
}
