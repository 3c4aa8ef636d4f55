use std::time::Duration;

use crate::{
    app::App,
    domain::MediaFileId,
    media,
    media::MEDIA_VARIANTS,
    queue::{Claim, Job, Outcomes, Queue},
};

/// Creates smaller variants of images. One at a time in a process, since each may take much of its memory.
pub(crate) struct MakeVariants;

impl Job for MakeVariants {
    const QUEUE: Queue = MEDIA_VARIANTS;
    const CONCURRENCY: usize = 1;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const MAX_ATTEMPTS: i64 = 5;
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Id = MediaFileId;
    type Context = App;

    async fn run(app: &App, ids: &[MediaFileId]) -> Outcomes<MediaFileId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match media::make_variants(&app.media, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
