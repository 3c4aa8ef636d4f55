use std::time::Duration;

use crate::{
    app::App,
    domain::ScheduleId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    schedule::{self, SCHEDULES},
};

/// Starts what is due at planned times.
pub(crate) struct FireSchedules;

impl Job for FireSchedules {
    const QUEUE: Queue = SCHEDULES;
    const CONCURRENCY: usize = 4;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60));
    type Id = ScheduleId;
    type Context = App;

    async fn run(app: &App, ids: &[ScheduleId]) -> Outcomes<ScheduleId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match schedule::fire::fire(&app.schedules, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
