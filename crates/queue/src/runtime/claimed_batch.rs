//! Runs the jobs of a claimed batch: together, or one at a time.

use std::time::Duration;

use uuid::Uuid;

use super::{
    in_flight::Batch,
    queue_worker::QueueWorker,
    runner::{Claimed, NextStep, UNAVAILABLE_PAUSE, release_after_error, return_jobs, run},
};
use crate::{Job, rows};

/// A batch whose rows this worker has claimed.
#[derive(Clone, Copy)]
pub struct ClaimedBatch<'a> {
    pub worker: &'a QueueWorker,
    pub batch: &'a Batch,
    pub claimed: &'a Claimed,
}

impl ClaimedBatch<'_> {
    /// Runs the jobs in one run and, if that fails as a whole, one at a time. Returns whether to continue with the batch.
    pub async fn run_together<J: Job>(self, context: &J::Context, ids: &[Uuid]) -> bool {
        match run::<J>(self.worker, context, self.batch, self.claimed, ids).await {
            NextStep::Continue => true,
            NextStep::Stop => false,
            NextStep::OneByOne(failed) => {
                let mut continues = true;
                for (at, id) in failed.iter().enumerate() {
                    if self.return_if_stopping(&failed[at..], continues).await {
                        return false;
                    }
                    continues =
                        run::<J>(self.worker, context, self.batch, self.claimed, &[*id]).await != NextStep::Stop;
                }
                continues
            }
        }
    }

    /// Runs the jobs under a marker; those suspected of crashing a process run alone and counted.
    pub async fn run_marked<J: Job>(self, context: &J::Context, ids: Vec<Uuid>) {
        let worker = self.worker;
        let taken = worker.markers.mark(worker, ids.clone()).await;
        let (sorted, marker) = match worker.shared.database.record(taken) {
            Ok(taken) => taken,
            Err(error) => return release_after_error(worker, self.batch, ids, &error).await,
        };
        let continues = sorted.together.is_empty() || self.run_together::<J>(context, &sorted.together).await;
        worker.markers.free(marker);
        let mut continues = continues;
        for (at, id) in sorted.suspected.iter().enumerate() {
            if self.return_if_stopping(&sorted.suspected[at..], continues).await {
                return;
            }
            continues = self.run_suspected::<J>(context, *id).await;
        }
    }

    async fn run_suspected<J: Job>(self, context: &J::Context, id: Uuid) -> bool {
        let (shared, queue) = (&self.worker.shared, &self.worker.spec.queue);
        let begun = rows::begin_suspected_run(&shared.db, queue, id, &shared.name, shared.clock.now()).await;
        match shared.database.record(begun) {
            Ok(true) => {}
            Ok(false) => {
                self.worker.settle(self.batch, vec![id], Vec::new()).await;
                return true;
            }
            Err(error) => {
                release_after_error(self.worker, self.batch, vec![id], &error).await;
                return false;
            }
        }
        let after = run::<J>(self.worker, context, self.batch, self.claimed, &[id]).await;
        // The run returned, so the job does not crash processes. If this write fails, the job runs alone once more.
        drop(rows::remove_markers(shared.db.writer(), &[id]).await);
        after != NextStep::Stop
    }

    /// Returns the remaining jobs to the queue if the worker is stopping or a dependency is unavailable. Returns whether it did.
    async fn return_if_stopping(self, rest: &[Uuid], continues: bool) -> bool {
        if continues && !self.worker.shared.stop.is_cancelled() {
            return false;
        }
        let pause = if continues { Duration::ZERO } else { UNAVAILABLE_PAUSE };
        return_jobs(self.worker, self.batch, self.claimed, rest.to_vec(), pause).await;
        true
    }
}
