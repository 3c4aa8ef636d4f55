//! Runs one batch: claim, run, write outcomes, settle.

use std::{any::Any, collections::HashMap, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::time::Instant;
use uuid::Uuid;

use super::{claimed_batch::ClaimedBatch, in_flight::Batch, queue_worker::QueueWorker};
use crate::{
    Claim, Job, Outcome, Outcomes,
    outcome::{Remainder, error_text},
    rows::{self, FinishedRun},
};
use mainstay_core::domain::Id as _;
use mainstay_db as db;

/// Pauses after an unavailable dependency, and after a conflict of two transactions.
pub(super) const UNAVAILABLE_PAUSE: Duration = Duration::from_secs(1);
const CONFLICT_PAUSE: Duration = Duration::from_millis(100);
/// The pause of ids whose outcome the database rejects: a bug.
const WRITE_ERROR_PAUSE: Duration = Duration::from_secs(5);
const WRITE_RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Claimed rows → attempt, if leased.
pub(super) type Claimed = HashMap<Uuid, Option<i64>>;

/// Processes one batch, from the claim to the settlement.
pub async fn process_batch<J: Job>(worker: &QueueWorker, context: &J::Context, batch: Batch) {
    if worker.shared.stop.is_cancelled() {
        return worker.release(&batch, batch.ids(), Duration::ZERO).await;
    }
    let begun = Instant::now();
    let name = worker.spec.queue.name;
    let claimed = claim(worker, &batch).await;
    if claimed.is_empty() {
        return;
    }
    metrics::histogram!("mainstay_job_batch_size", "queue" => name).record(claimed.len() as f64);
    let ids: Vec<Uuid> = batch.ids().into_iter().filter(|id| claimed.contains_key(id)).collect();
    let claimed_batch = ClaimedBatch {
        worker,
        batch: &batch,
        claimed: &claimed,
    };
    match worker.spec.claim {
        Claim::Leased => drop(claimed_batch.run_together::<J>(context, &ids).await),
        Claim::Locked => claimed_batch.run_marked::<J>(context, ids).await,
    }
    metrics::histogram!("mainstay_job_seconds", "queue" => name).record(begun.elapsed().as_secs_f64());
}

/// Claims the rows, if the queue is leased.
async fn claim(worker: &QueueWorker, batch: &Batch) -> Claimed {
    let (shared, spec, ids) = (&worker.shared, &worker.spec, batch.ids());
    if spec.claim == Claim::Locked {
        return ids.into_iter().map(|id| (id, None)).collect();
    }
    let (begun, now) = (Instant::now(), shared.clock.now());
    let claiming = rows::claim(shared.db.writer(), &spec.queue, &ids, now + spec.lease, now).await;
    let leases = match shared.database.record(claiming) {
        Ok(leases) => leases,
        Err(error) => {
            release_after_error(worker, batch, ids, &error).await;
            return Claimed::new();
        }
    };
    batch.set_leases(&leases, begun + spec.lease);
    let claimed: Claimed = leases.iter().map(|lease| (lease.id, Some(lease.attempt))).collect();
    let missed: Vec<Uuid> = ids.into_iter().filter(|id| !claimed.contains_key(id)).collect();
    if !missed.is_empty() {
        // Finished, not due yet, or leased by a worker until just now.
        let now = shared.clock.now();
        let rescued = rows::rescue(&shared.db, &spec.queue, &missed, None, spec.max_attempts, now).await;
        let requeue = rescued.map(|rescued| rescued.requeue).unwrap_or_default();
        worker.settle(batch, missed, requeue).await;
    }
    claimed
}

/// The result of a run.
enum RunResult<I> {
    Finished(Outcomes<I>),
    /// By panic or timeout.
    Failed(String),
    /// The process is stopping and the drain limit is over.
    Aborted,
    /// The lease was not renewed in time: another worker may have the rows.
    LeaseExpired,
}

/// The next step after a run.
#[derive(PartialEq)]
pub(super) enum NextStep {
    Continue,
    /// Run these, which failed together, one at a time.
    OneByOne(Vec<Uuid>),
    /// A dependency is unavailable, or the leases are lost. Do not continue with the batch.
    Stop,
}

/// Runs the handler once and writes the outcomes.
pub(super) async fn run<J: Job>(
    worker: &QueueWorker,
    context: &J::Context,
    batch: &Batch,
    claimed: &Claimed,
    ids: &[Uuid],
) -> NextStep {
    let mut ends: HashMap<Uuid, Outcome> = HashMap::new();
    let rest = match attempt::<J>(worker, context, batch, ids).await {
        RunResult::Finished(outcomes) => {
            let named = outcomes.each.into_iter().map(|(id, outcome)| (id.uuid(), outcome));
            ends.extend(named.filter(|(id, _)| ids.contains(id)));
            outcomes.rest
        }
        RunResult::Failed(error) => Remainder::Failed(error),
        RunResult::Aborted => Remainder::All(Outcome::retry("stopped by shutdown before it finished")),
        RunResult::LeaseExpired => {
            tracing::warn!(
                queue = J::QUEUE.name,
                jobs = ids.len(),
                "queues: a lease expired; its jobs were stopped"
            );
            batch.remove(&batch.ids());
            return NextStep::Stop;
        }
    };
    let others: Vec<Uuid> = ids.iter().copied().filter(|id| !ends.contains_key(id)).collect();
    let (released, after) = take_released(&mut ends);
    return_jobs(worker, batch, claimed, released, after).await;
    let mut failed = Vec::new();
    let mut unavailable = Vec::new();
    match rest {
        Remainder::All(outcome) => ends.extend(others.into_iter().map(|id| (id, outcome.clone()))),
        Remainder::Failed(error) if ids.len() == 1 => {
            ends.extend(others.into_iter().map(|id| (id, Outcome::retry(&error))))
        }
        Remainder::Failed(_) => failed = others,
        Remainder::Unavailable(error) => {
            drop(worker.shared.database.record::<(), _>(Err(error)));
            unavailable = others;
        }
    }
    if !unavailable.is_empty() {
        worker.rest(UNAVAILABLE_PAUSE);
    }
    let mut written = write_ends(worker, batch, claimed, ends).await;
    if !unavailable.is_empty() {
        return_jobs(worker, batch, claimed, unavailable, UNAVAILABLE_PAUSE).await;
        written = false;
    }
    match written {
        false => NextStep::Stop,
        true if failed.is_empty() => NextStep::Continue,
        true => NextStep::OneByOne(failed),
    }
}

/// Removes the released jobs and returns them, with the longest delay among them.
fn take_released(ends: &mut HashMap<Uuid, Outcome>) -> (Vec<Uuid>, Duration) {
    let mut longest = Duration::ZERO;
    let is_released = |_: &Uuid, outcome: &mut Outcome| match outcome {
        Outcome::Release { after } => {
            longest = longest.max(*after);
            true
        }
        _ => false,
    };
    let released = ends.extract_if(is_released).map(|(id, _)| id).collect();
    (released, longest)
}

async fn attempt<J: Job>(worker: &QueueWorker, context: &J::Context, batch: &Batch, ids: &[Uuid]) -> RunResult<J::Id> {
    let ids: Vec<J::Id> = ids.iter().map(|id| J::Id::from_uuid(*id)).collect();
    let running = AssertUnwindSafe(async { J::run(context, &ids).await }).catch_unwind();
    tokio::select! {
        biased;
        ran = tokio::time::timeout(worker.spec.timeout, running) => match ran {
            Ok(Ok(outcomes)) => RunResult::Finished(outcomes),
            Ok(Err(panic)) => {
                tracing::error!(queue = J::QUEUE.name, jobs = ids.len(), "queues: a job panicked");
                RunResult::Failed(error_text(format_args!("panic: {}", panic_message(&*panic))))
            }
            Err(_) => RunResult::Failed(format!("not finished within {:?}", worker.spec.timeout)),
        },
        () = worker.shared.abort.cancelled() => RunResult::Aborted,
        () = batch.lease_expired() => RunResult::LeaseExpired,
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}

/// Writes the outcomes and settles the ids. While the database is unavailable it retries for as long as the lease: the work is done, and
/// losing its outcome would repeat it. Returns whether they were written.
async fn write_ends(worker: &QueueWorker, batch: &Batch, claimed: &Claimed, ends: HashMap<Uuid, Outcome>) -> bool {
    if ends.is_empty() {
        return true;
    }
    let (shared, spec) = (&worker.shared, &worker.spec);
    let mut labels: HashMap<&'static str, u64> = HashMap::new();
    for outcome in ends.values() {
        *labels.entry(outcome.label()).or_default() += 1;
    }
    let ids: Vec<Uuid> = ends.keys().copied().collect();
    let end = |(id, outcome)| FinishedRun {
        id,
        attempt: claimed.get(&id).copied().flatten(),
        outcome,
    };
    let ends: Vec<FinishedRun> = ends.into_iter().map(end).collect();
    let deadline = Instant::now() + spec.lease;
    let ended = loop {
        let now = shared.clock.now();
        let written = rows::write_ends(&shared.db, &spec.queue, ends.clone(), spec.policy(), now).await;
        match shared.database.record(written) {
            Ok(ended) => break ended,
            Err(error) => {
                let is_transient = db::is_unavailable(&error) || db::is_conflict(&error);
                if !is_transient || Instant::now() >= deadline || shared.abort.is_cancelled() {
                    release_after_error(worker, batch, ids, &error).await;
                    return false;
                }
                tokio::time::sleep(WRITE_RETRY_PAUSE).await;
            }
        }
    };
    for (outcome, count) in labels {
        metrics::counter!("mainstay_jobs_total", "queue" => spec.queue.name, "outcome" => outcome).increment(count);
    }
    if ended.dead > 0 {
        let dead = u64::try_from(ended.dead).unwrap_or(0);
        metrics::counter!("mainstay_jobs_dead_total", "queue" => spec.queue.name).increment(dead);
        tracing::warn!(
            queue = spec.queue.name,
            dead,
            "queues: jobs ran out of attempts or were discarded"
        );
    }
    worker.settle(batch, ids, ended.requeue).await;
    true
}

/// Returns jobs to the queue without counting an attempt.
pub(super) async fn return_jobs(
    worker: &QueueWorker,
    batch: &Batch,
    claimed: &Claimed,
    ids: Vec<Uuid>,
    after: Duration,
) {
    if ids.is_empty() {
        return;
    }
    if worker.spec.claim == Claim::Locked {
        return worker.release(batch, ids, after).await;
    }
    let until = worker.shared.clock.now() + after;
    let ends = ids.into_iter().map(|id| (id, Outcome::Snooze { until })).collect();
    write_ends(worker, batch, claimed, ends).await;
}

pub(super) async fn release_after_error(worker: &QueueWorker, batch: &Batch, ids: Vec<Uuid>, error: &sqlx::Error) {
    let pause = if db::is_unavailable(error) {
        worker.rest(UNAVAILABLE_PAUSE);
        UNAVAILABLE_PAUSE
    } else if db::is_conflict(error) {
        CONFLICT_PAUSE
    } else {
        tracing::error!(queue = worker.spec.queue.name, %error, "queues: writing job results failed");
        WRITE_ERROR_PAUSE
    };
    worker.release(batch, ids, pause).await;
}
