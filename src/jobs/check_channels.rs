use std::time::Duration;

use crate::{
    app::App,
    domain::ChannelId,
    messaging::{self, CheckError},
    queue::{Backoff, Claim, Job, Outcome, Outcomes, Queue},
    records::channel_checks::CHECKS,
};

/// Checks a channel with Meta: when it is added, when its token is renewed, and once a day.
pub(crate) struct CheckChannels;

impl Job for CheckChannels {
    const QUEUE: Queue = CHECKS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(5), Duration::from_secs(3_600));
    // Four concurrent calls, each with its own timeout.
    const TIMEOUT: Duration = Duration::from_secs(120);
    type Id = ChannelId;
    type Context = App;

    async fn run(app: &App, channels: &[ChannelId]) -> Outcomes<ChannelId> {
        let mut outcomes = Outcomes::settled();
        for id in channels {
            match messaging::run_scheduled_check(&app.messaging, *id).await {
                Ok(()) => {}
                Err(CheckError::Database(error)) => return error.into(),
                Err(error) => outcomes.set(*id, Outcome::retry(error)),
            }
        }
        outcomes
    }
}
