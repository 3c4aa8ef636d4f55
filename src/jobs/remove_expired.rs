use std::time::Duration;

use crate::{
    app::App,
    domain::TaskId,
    housekeeping,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    schedule::{self, RETENTION},
};

/// Removes what is past its retention, and creates partitions ahead.
pub(crate) struct RemoveExpired;

impl Job for RemoveExpired {
    const QUEUE: Queue = RETENTION;
    const CONCURRENCY: usize = 1;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const MAX_ATTEMPTS: i64 = 5;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(5), Duration::from_secs(60));
    /// It removes in small chunks, and after days without may have many.
    const TIMEOUT: Duration = Duration::from_secs(3_600);
    /// The next planned time does the same.
    const REVIVE: bool = false;
    type Id = TaskId;
    type Context = App;

    async fn run(app: &App, ids: &[TaskId]) -> Outcomes<TaskId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            let work = housekeeping::clean_up(app);
            match schedule::run_task(&app.schedules, &RETENTION, id, work).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
