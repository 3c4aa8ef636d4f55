use std::time::Duration;

use crate::{
    app::App,
    domain::VerificationId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    verifications::{self, VERIFICATIONS},
};

/// Checks the numbers of verifications, a turn of some seconds at a time.
pub(crate) struct VerifyNumbers;

impl Job for VerifyNumbers {
    const QUEUE: Queue = VERIFICATIONS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(60));
    /// A turn, and the step that it ends with.
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Id = VerificationId;
    type Context = App;

    async fn run(app: &App, ids: &[VerificationId]) -> Outcomes<VerificationId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match verifications::run(&app.verifications, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
