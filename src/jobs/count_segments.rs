use std::time::Duration;

use crate::{
    app::App,
    contacts::segments::{self, SEGMENT_COUNTS},
    domain::TaskId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

/// Counts segments of more contacts than a request may look at, a turn of some seconds at a time.
pub(crate) struct CountSegments;

impl Job for CountSegments {
    const QUEUE: Queue = SEGMENT_COUNTS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(60));
    /// A turn, and the step that it ends with.
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Id = TaskId;
    type Context = App;

    async fn run(app: &App, ids: &[TaskId]) -> Outcomes<TaskId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match segments::count_in_turns(&app.contacts, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
