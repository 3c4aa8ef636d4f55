use std::time::Duration;

use crate::{
    app::App,
    domain::EventConsumerId,
    queue::{Claim, Job, Lane, Outcome, Outcomes, Queue},
    records::event_consumers::{self, CONSUMERS},
};

/// Lets the consumers of events consume what was appended.
pub(crate) struct ConsumeEvents;

impl Job for ConsumeEvents {
    const QUEUE: Queue = CONSUMERS;
    const CONCURRENCY: usize = 4;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const TIMEOUT: Duration = Duration::from_secs(120);
    type Id = EventConsumerId;
    type Context = App;

    async fn run(app: &App, cursors: &[EventConsumerId]) -> Outcomes<EventConsumerId> {
        let mut outcomes = Outcomes::settled();
        for id in cursors {
            match event_consumers::run(&app.db, &app.clock, &app.consumers, *id).await {
                Ok(Some(until)) => {
                    let lane = Lane::Normal;
                    outcomes.set(*id, Outcome::Rescheduled { until, lane });
                }
                Ok(None) => {}
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
