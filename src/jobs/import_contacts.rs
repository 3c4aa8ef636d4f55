use std::time::Duration;

use crate::{
    app::App,
    contacts::import::{self, IMPORTS},
    domain::ImportId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

/// Imports contacts from files, a turn of some seconds at a time.
pub(crate) struct ImportContacts;

impl Job for ImportContacts {
    const QUEUE: Queue = IMPORTS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    // A process that ends while it works on an import costs an attempt; the import itself counts runs without a step.
    const MAX_ATTEMPTS: i64 = 10_000;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(60));
    /// A turn, and the chunk that it ends with.
    const TIMEOUT: Duration = Duration::from_secs(120);
    /// Its tenant was told that it failed, and imports the file again.
    const REVIVE: bool = false;
    type Id = ImportId;
    type Context = App;

    async fn run(app: &App, ids: &[ImportId]) -> Outcomes<ImportId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match import::run(&app.imports, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
