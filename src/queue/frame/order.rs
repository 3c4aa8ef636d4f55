//! In which order the jobs of a batch run: together, or one at a time.

use std::time::Duration;

use uuid::Uuid;

use super::{
    hands::Batch,
    line::Line,
    runner::{AWAY, After, Claimed, give_back, release_after, run},
};
use crate::queue::{Job, rows};

/// A batch whose rows are ours.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    pub line: &'a Line,
    pub batch: &'a Batch,
    pub claimed: &'a Claimed,
}

impl Held<'_> {
    /// Runs jobs in one run, and those that failed together one at a time. Tells whether there is sense in going on.
    pub async fn together<J: Job>(self, context: &J::Context, ids: &[Uuid]) -> bool {
        match run::<J>(self.line, context, self.batch, self.claimed, ids).await {
            After::GoOn => true,
            After::Away => false,
            After::OneByOne(failed) => {
                let mut goes_on = true;
                for (at, id) in failed.iter().enumerate() {
                    if self.leaves(&failed[at..], goes_on).await {
                        return false;
                    }
                    goes_on = run::<J>(self.line, context, self.batch, self.claimed, &[*id]).await != After::Away;
                }
                goes_on
            }
        }
    }

    /// Runs the jobs under a marker; those that a process may have died of alone and counted.
    pub async fn marked<J: Job>(self, context: &J::Context, ids: Vec<Uuid>) {
        let line = self.line;
        let taken = line.markers.take(line, ids.clone()).await;
        let (sorted, marker) = match line.shared.database.note(taken) {
            Ok(taken) => taken,
            Err(error) => return release_after(line, self.batch, ids, &error).await,
        };
        let goes_on = sorted.together.is_empty() || self.together::<J>(context, &sorted.together).await;
        line.markers.give_back(marker);
        let mut goes_on = goes_on;
        for (at, id) in sorted.suspected.iter().enumerate() {
            if self.leaves(&sorted.suspected[at..], goes_on).await {
                return;
            }
            goes_on = self.suspected::<J>(context, *id).await;
        }
    }

    async fn suspected<J: Job>(self, context: &J::Context, id: Uuid) -> bool {
        let (shared, queue) = (&self.line.shared, &self.line.terms.queue);
        let begun = rows::begin(&shared.db, queue, id, &shared.name, shared.clock.now()).await;
        match shared.database.note(begun) {
            Ok(true) => {}
            Ok(false) => {
                self.line.settle(self.batch, vec![id], Vec::new()).await;
                return true;
            }
            Err(error) => {
                release_after(self.line, self.batch, vec![id], &error).await;
                return false;
            }
        }
        let after = run::<J>(self.line, context, self.batch, self.claimed, &[id]).await;
        // It returned, so it is not what processes die of. If this is not written, it runs alone once more.
        drop(rows::end(&shared.db, &[id]).await);
        after != After::Away
    }

    /// Gives the rest back if it is time to leave, or what the job stands on is away, and tells so.
    async fn leaves(self, rest: &[Uuid], goes_on: bool) -> bool {
        if goes_on && !self.line.shared.stop.is_cancelled() {
            return false;
        }
        let pause = if goes_on { Duration::ZERO } else { AWAY };
        give_back(self.line, self.batch, self.claimed, rest.to_vec(), pause).await;
        true
    }
}
