use std::time::Duration;

use crate::{
    app::App,
    domain::ExportId,
    exports::{self, EXPORTS},
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

/// Writes exports to files.
pub(crate) struct WriteExports;

impl Job for WriteExports {
    const QUEUE: Queue = EXPORTS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(600));
    /// A file is written from its beginning to its end in one run.
    const TIMEOUT: Duration = Duration::from_secs(3_600);
    /// Its tenant was told that it failed, and asks for another.
    const REVIVE: bool = false;
    type Id = ExportId;
    type Context = App;

    async fn run(app: &App, ids: &[ExportId]) -> Outcomes<ExportId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match exports::run(&app.exports, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
