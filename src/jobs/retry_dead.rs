use std::time::Duration;

use super::dead_letters;
use crate::{
    app::App,
    domain::TaskId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    schedule::{self, RETRY_DEAD},
};

/// Revives dead letters, and archives those that are beyond hope.
pub(crate) struct RetryDead;

impl Job for RetryDead {
    const QUEUE: Queue = RETRY_DEAD;
    const CONCURRENCY: usize = 1;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const MAX_ATTEMPTS: i64 = 3;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(5), Duration::from_secs(60));
    /// The next planned time does the same.
    const REVIVE: bool = false;
    /// At most 2,000 rows of each queue, a few hundred at a time.
    const TIMEOUT: Duration = Duration::from_secs(300);
    type Id = TaskId;
    type Context = App;

    async fn run(app: &App, ids: &[TaskId]) -> Outcomes<TaskId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            let work = dead_letters::retry_dead(app);
            match schedule::run_task(&app.schedules, &RETRY_DEAD, id, work).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
