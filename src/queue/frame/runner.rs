use std::{any::Any, collections::HashMap, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::time::Instant;
use uuid::Uuid;

use super::{hands::Batch, line::Line, order::Held};
use crate::{
    db,
    domain::Id as _,
    queue::{
        Claim, Job, Outcome, Outcomes,
        outcome::{Rest, text},
        rows::{self, End},
    },
};

/// The rest when what the job stands on is away, and when two transactions met.
pub(super) const AWAY: Duration = Duration::from_secs(1);
const CONFLICT: Duration = Duration::from_millis(100);
/// How long ids rest whose end cannot be written though the database answers: a fault of ours.
const FAULT: Duration = Duration::from_secs(5);
const WRITE_AGAIN: Duration = Duration::from_millis(250);

/// Rows that are ours, with their attempts if they are leased.
pub(super) type Claimed = HashMap<Uuid, Option<i64>>;

/// Works on one batch, from the claim to the last word.
pub async fn work<J: Job>(line: &Line, context: &J::Context, batch: Batch) {
    if line.shared.stop.is_cancelled() {
        return line.release(&batch, batch.ids(), Duration::ZERO).await;
    }
    let begun = Instant::now();
    let name = line.terms.queue.name;
    let claimed = claim(line, &batch).await;
    if claimed.is_empty() {
        return;
    }
    metrics::histogram!("mainstay_job_batch_size", "queue" => name).record(claimed.len() as f64);
    let ids: Vec<Uuid> = batch.ids().into_iter().filter(|id| claimed.contains_key(id)).collect();
    let held = Held {
        line,
        batch: &batch,
        claimed: &claimed,
    };
    match line.terms.claim {
        Claim::Leased => drop(held.together::<J>(context, &ids).await),
        Claim::Locked => held.marked::<J>(context, ids).await,
    }
    metrics::histogram!("mainstay_job_seconds", "queue" => name).record(begun.elapsed().as_secs_f64());
}

/// Makes the rows ours, where the frame is to do that.
async fn claim(line: &Line, batch: &Batch) -> Claimed {
    let (shared, terms, ids) = (&line.shared, &line.terms, batch.ids());
    if terms.claim == Claim::Locked {
        return ids.into_iter().map(|id| (id, None)).collect();
    }
    let (begun, now) = (Instant::now(), shared.clock.now());
    let claiming = rows::claim(&shared.db, &terms.queue, &ids, now + terms.lease, now).await;
    let leases = match shared.database.note(claiming) {
        Ok(leases) => leases,
        Err(error) => {
            release_after(line, batch, ids, &error).await;
            return Claimed::new();
        }
    };
    batch.lease(&leases, begun + terms.lease);
    let claimed: Claimed = leases.iter().map(|lease| (lease.id, Some(lease.attempt))).collect();
    let missed: Vec<Uuid> = ids.into_iter().filter(|id| !claimed.contains_key(id)).collect();
    if !missed.is_empty() {
        // Finished, or not due yet, or a worker had them until its lease ended just now.
        let now = shared.clock.now();
        let rescued = rows::rescue(&shared.db, &terms.queue, &missed, None, terms.max_attempts, now).await;
        let again = rescued.map(|rescued| rescued.again).unwrap_or_default();
        line.settle(batch, missed, again).await;
    }
    claimed
}

/// How a run ended.
enum Ran<I> {
    Said(Outcomes<I>),
    /// By panic or time-out.
    Failed(String),
    /// The process leaves and its patience is over.
    GivenUp,
    /// The lease could not be kept: the rows may be another's by now.
    LeaseEnded,
}

/// What is to happen after a run.
#[derive(PartialEq)]
pub(super) enum After {
    GoOn,
    /// These failed together and are to be run one at a time.
    OneByOne(Vec<Uuid>),
    /// What the job stands on is away, or its rows are not its own any more: there is no sense in going on.
    Away,
}

/// Runs the handler once and writes the ends.
pub(super) async fn run<J: Job>(
    line: &Line,
    context: &J::Context,
    batch: &Batch,
    claimed: &Claimed,
    ids: &[Uuid],
) -> After {
    let mut ends: HashMap<Uuid, Outcome> = HashMap::new();
    let rest = match attempt::<J>(line, context, batch, ids).await {
        Ran::Said(outcomes) => {
            let named = outcomes.each.into_iter().map(|(id, outcome)| (id.uuid(), outcome));
            ends.extend(named.filter(|(id, _)| ids.contains(id)));
            outcomes.rest
        }
        Ran::Failed(error) => Rest::Failed(error),
        Ran::GivenUp => Rest::All(Outcome::retry("the worker had to leave before it finished")),
        Ran::LeaseEnded => {
            tracing::warn!(
                queue = J::QUEUE.name,
                jobs = ids.len(),
                "queues: a lease could not be kept"
            );
            batch.let_go(&batch.ids());
            return After::Away;
        }
    };
    let others: Vec<Uuid> = ids.iter().copied().filter(|id| !ends.contains_key(id)).collect();
    let (back, after) = postponed(&mut ends);
    give_back(line, batch, claimed, back, after).await;
    let mut failed = Vec::new();
    let mut away = Vec::new();
    match rest {
        Rest::All(outcome) => ends.extend(others.into_iter().map(|id| (id, outcome.clone()))),
        Rest::Failed(error) if ids.len() == 1 => ends.extend(others.into_iter().map(|id| (id, Outcome::retry(&error)))),
        Rest::Failed(_) => failed = others,
        Rest::Unavailable(error) => {
            drop(line.shared.database.note::<(), _>(Err(error)));
            away = others;
        }
    }
    if !away.is_empty() {
        line.rest(AWAY);
    }
    let mut written = conclude(line, batch, claimed, ends).await;
    if !away.is_empty() {
        give_back(line, batch, claimed, away, AWAY).await;
        written = false;
    }
    match written {
        false => After::Away,
        true if failed.is_empty() => After::GoOn,
        true => After::OneByOne(failed),
    }
}

/// Takes out what the handler did not begin with, and the longest time after which to offer it again.
fn postponed(ends: &mut HashMap<Uuid, Outcome>) -> (Vec<Uuid>, Duration) {
    let mut longest = Duration::ZERO;
    let is_back = |_: &Uuid, outcome: &mut Outcome| match outcome {
        Outcome::GiveBack { after } => {
            longest = longest.max(*after);
            true
        }
        _ => false,
    };
    let back = ends.extract_if(is_back).map(|(id, _)| id).collect();
    (back, longest)
}

async fn attempt<J: Job>(line: &Line, context: &J::Context, batch: &Batch, ids: &[Uuid]) -> Ran<J::Id> {
    let ids: Vec<J::Id> = ids.iter().map(|id| J::Id::from_uuid(*id)).collect();
    let running = AssertUnwindSafe(async { J::run(context, &ids).await }).catch_unwind();
    tokio::select! {
        biased;
        ran = tokio::time::timeout(line.terms.timeout, running) => match ran {
            Ok(Ok(outcomes)) => Ran::Said(outcomes),
            Ok(Err(panic)) => {
                tracing::error!(queue = J::QUEUE.name, jobs = ids.len(), "queues: a job panicked");
                Ran::Failed(text(format_args!("panic: {}", message(&*panic))))
            }
            Err(_) => Ran::Failed(format!("not finished within {:?}", line.terms.timeout)),
        },
        () = line.shared.give_up.cancelled() => Ran::GivenUp,
        () = batch.lease_ended() => Ran::LeaseEnded,
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}

/// Writes how rows ended and lets go of them. While the database is away it waits, as long as the lease would: what was done is done,
/// and forgetting it would have it done again. Tells whether they were written.
async fn conclude(line: &Line, batch: &Batch, claimed: &Claimed, ends: HashMap<Uuid, Outcome>) -> bool {
    if ends.is_empty() {
        return true;
    }
    let (shared, terms) = (&line.shared, &line.terms);
    let mut labels: HashMap<&'static str, u64> = HashMap::new();
    for outcome in ends.values() {
        *labels.entry(outcome.label()).or_default() += 1;
    }
    let ids: Vec<Uuid> = ends.keys().copied().collect();
    let end = |(id, outcome)| End {
        id,
        attempt: claimed.get(&id).copied().flatten(),
        outcome,
    };
    let ends: Vec<End> = ends.into_iter().map(end).collect();
    let patience = Instant::now() + terms.lease;
    let ended = loop {
        let now = shared.clock.now();
        let written = rows::write_ends(&shared.db, &terms.queue, ends.clone(), terms.policy(), now).await;
        match shared.database.note(written) {
            Ok(ended) => break ended,
            Err(error) => {
                let passing = db::is_unavailable(&error) || db::is_conflict(&error);
                if !passing || Instant::now() >= patience || shared.give_up.is_cancelled() {
                    release_after(line, batch, ids, &error).await;
                    return false;
                }
                tokio::time::sleep(WRITE_AGAIN).await;
            }
        }
    };
    for (outcome, count) in labels {
        metrics::counter!("mainstay_jobs_total", "queue" => terms.queue.name, "outcome" => outcome).increment(count);
    }
    if ended.dead > 0 {
        let dead = u64::try_from(ended.dead).unwrap_or(0);
        metrics::counter!("mainstay_jobs_dead_total", "queue" => terms.queue.name).increment(dead);
        tracing::warn!(queue = terms.queue.name, dead, "queues: jobs are dead");
    }
    line.settle(batch, ids, ended.again).await;
    true
}

/// Gives rows back as if they had never been taken: no attempt is counted.
pub(super) async fn give_back(line: &Line, batch: &Batch, claimed: &Claimed, ids: Vec<Uuid>, after: Duration) {
    if ids.is_empty() {
        return;
    }
    if line.terms.claim == Claim::Locked {
        return line.release(batch, ids, after).await;
    }
    let until = line.shared.clock.now() + after;
    let ends = ids.into_iter().map(|id| (id, Outcome::Snooze { until })).collect();
    conclude(line, batch, claimed, ends).await;
}

pub(super) async fn release_after(line: &Line, batch: &Batch, ids: Vec<Uuid>, error: &sqlx::Error) {
    let pause = if db::is_unavailable(error) {
        line.rest(AWAY);
        AWAY
    } else if db::is_conflict(error) {
        CONFLICT
    } else {
        tracing::error!(queue = line.terms.queue.name, %error, "queues: rows could not be written");
        FAULT
    };
    line.release(batch, ids, pause).await;
}
