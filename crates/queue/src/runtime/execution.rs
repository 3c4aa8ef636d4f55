//! The only module that imports apalis. Runs batches: limited concurrency, each in its own task, with a timeout, panics caught.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use apalis::prelude::{MemoryStorage, Monitor, ParallelizeExt, Task, TaskBuilder, WorkerBuilder, WorkerBuilderExt};
use apalis_core::backend::memory::{BoxedReceiver, MemorySink, MemoryStorageError};
use futures::{Sink, SinkExt, StreamExt, stream};
use tokio::sync::{Mutex, mpsc};

use super::{in_flight::Batch, job_spec::JobSpec};

/// Batches for the handlers. Outlives a restart of the worker that reads it.
pub type BatchSource = Arc<Mutex<mpsc::Receiver<Batch>>>;

/// The pause before a worker whose future ended is rebuilt. A monitor of apalis would rebuild it at once, for ever.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

pub fn monitor() -> Monitor {
    Monitor::new().should_restart(|worker, error| {
        tracing::error!(worker = worker.name(), %error, "queues: a worker ended unexpectedly and is restarted");
        true
    })
}

/// Adds a worker that passes batches to `work`. `name` must be globally unique.
pub fn register<Work, Done>(monitor: Monitor, name: String, spec: JobSpec, source: BatchSource, work: Work) -> Monitor
where
    Work: Fn(Batch) -> Done + Clone + Send + Sync + 'static,
    Done: Future<Output = ()> + Send + 'static,
{
    monitor.register(move |restarts| {
        // The order matters: with the timeout outside of `parallelize`, a job would run on after it.
        WorkerBuilder::new(format!("{name}/{restarts}"))
            .backend(MemoryStorage::new_with(no_sink(), batches(source.clone(), restarts)))
            .concurrency(spec.concurrency)
            .parallelize(spawn)
            .timeout(spec.batch_timeout())
            .catch_panic()
            .build(work.clone())
    })
}

fn batches(source: BatchSource, restarts: usize) -> BoxedReceiver<Batch> {
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

/// Creates an unused sink: nothing is pushed through apalis.
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
