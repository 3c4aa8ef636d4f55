use std::time::Duration;

use crate::{
    app::App,
    domain::TemplateSyncId,
    queue::{Backoff, Claim, Job, Outcome, Outcomes, Queue},
    templates::{SYNCS, SyncError},
};

/// Fetches the templates of an account from Meta: when a channel is added, when a webhook reports a change, on request, and once a day.
pub(crate) struct SyncTemplates;

impl Job for SyncTemplates {
    const QUEUE: Queue = SYNCS;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(10), Duration::from_secs(6 * 3_600));
    // A hundred pages, each with the timeout of a call.
    const TIMEOUT: Duration = Duration::from_secs(600);
    type Id = TemplateSyncId;
    type Context = App;

    async fn run(app: &App, syncs: &[TemplateSyncId]) -> Outcomes<TemplateSyncId> {
        let templates = &app.templates;
        let mut outcomes = Outcomes::settled();
        for id in syncs {
            match templates.synchronize(*id).await {
                Ok(synced) if synced.changed + synced.deleted > 0 => {
                    tracing::info!(sync.id = %id, ?synced, "templates have changed at Meta");
                }
                Ok(_) => {}
                Err(SyncError::Database(error)) => return error.into(),
                Err(error) => outcomes.set(*id, Outcome::retry(error)),
            }
        }
        outcomes
    }
}
