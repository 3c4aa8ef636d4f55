use std::time::Duration;

use crate::{
    app::App,
    campaigns::{self, PREFLIGHTS},
    domain::TaskId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

/// Looks at what launches of campaigns would do, a turn of some seconds at a time.
pub(crate) struct LookAhead;

impl Job for LookAhead {
    const QUEUE: Queue = PREFLIGHTS;
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
            match campaigns::preflight_in_turns(&app.campaigns, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
