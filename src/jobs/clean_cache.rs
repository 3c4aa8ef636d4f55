use std::time::Duration;

use crate::{
    app::App,
    domain::TaskId,
    media,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    schedule::{self, CLEAN_CACHE},
};

/// Removes what was kept only to be found faster, and is no longer good.
pub(crate) struct CleanCache;

impl Job for CleanCache {
    const QUEUE: Queue = CLEAN_CACHE;
    const CONCURRENCY: usize = 1;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const MAX_ATTEMPTS: i64 = 5;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(5), Duration::from_secs(60));
    const TIMEOUT: Duration = Duration::from_secs(600);
    /// The next planned time does the same.
    const REVIVE: bool = false;
    type Id = TaskId;
    type Context = App;

    async fn run(app: &App, ids: &[TaskId]) -> Outcomes<TaskId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            let work = media::clean_cache(&app.media);
            match schedule::run_task(&app.schedules, &CLEAN_CACHE, id, work).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
