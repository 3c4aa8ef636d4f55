use std::time::Duration;

use crate::{
    app::App,
    domain::RawEventId,
    inbound::{self, Failure, Report},
    inbound::{INBOUND, LONG_WEBHOOKS},
    queue::{Claim, Job, Outcome, Outcomes, Queue},
};

/// Delay of long webhooks that were postponed for others.
const POSTPONED_DELAY: Duration = Duration::from_millis(100);

/// Turns stored webhooks into messages, statuses and account changes.
pub struct ProcessEvents;

impl Job for ProcessEvents {
    const QUEUE: Queue = INBOUND;
    const CONCURRENCY: usize = LONG_WEBHOOKS + 1;
    const BATCH: usize = 256;
    const CLAIM: Claim = Claim::Locked;
    const LINGER: Duration = Duration::from_millis(20);
    type Id = RawEventId;
    type Context = App;

    async fn run(app: &App, events: &[RawEventId]) -> Outcomes<RawEventId> {
        let Report { failures, postponed } = inbound::process(&app.inbound, events).await;
        if let Some(outage) = failures.iter().find(|failure| failure.transient) {
            return Outcomes::unavailable(&outage.error);
        }
        let failed = |failure: Failure| (failure.event, Outcome::retry(failure.error));
        let later = |event| (event, Outcome::Release { after: POSTPONED_DELAY });
        let named = failures.into_iter().map(failed).chain(postponed.into_iter().map(later));
        named.fold(Outcomes::settled(), |outcomes, (event, outcome)| {
            outcomes.with(event, outcome)
        })
    }
}
