use crate::{
    app::{App, INBOUND},
    domain::RawEventId,
    inbound,
    queue::{Claim, Job, Outcome, Outcomes, Queue},
};

/// Turns stored webhooks into messages, statuses and account changes.
pub struct ProcessEvents;

impl Job for ProcessEvents {
    const QUEUE: Queue = INBOUND;
    const CONCURRENCY: usize = 3;
    const BATCH: usize = 256;
    const CLAIM: Claim = Claim::Locked;
    type Id = RawEventId;
    type Context = App;

    async fn run(app: &App, events: &[RawEventId]) -> Outcomes<RawEventId> {
        let failures = inbound::process(app, events).await;
        if let Some(away) = failures.iter().find(|failure| failure.transient) {
            return Outcomes::unavailable(&away.error);
        }
        let settled = Outcomes::settled();
        failures.into_iter().fold(settled, |outcomes, failure| {
            outcomes.with(failure.event, Outcome::retry(failure.error))
        })
    }
}
