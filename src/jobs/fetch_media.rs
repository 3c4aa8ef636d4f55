use std::time::Duration;

use crate::{
    app::App,
    domain::MediaId,
    media,
    media::MEDIA_INBOUND,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

/// Downloads media of customers from Meta, while Meta still has it.
pub(crate) struct FetchMedia;

impl Job for FetchMedia {
    const QUEUE: Queue = MEDIA_INBOUND;
    const CONCURRENCY: usize = 16;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    // The deadline ends it: with an hour between attempts, this many do not fit into a week.
    const MAX_ATTEMPTS: i64 = 400;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(3_600));
    /// 100 MB at a third of a megabyte per second.
    const TIMEOUT: Duration = Duration::from_secs(330);
    /// Its attempts go on for as long as Meta has the file.
    const REVIVE: bool = false;
    type Id = MediaId;
    type Context = App;

    async fn run(app: &App, ids: &[MediaId]) -> Outcomes<MediaId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match media::fetch(&app.media, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
