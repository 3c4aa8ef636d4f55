//! The service of outbound messages.

use chrono::TimeDelta;

use super::{Conclusions, UploadQueue};
use crate::{
    clock::Clock, db::Db, directory::Directory, media::MediaService, provider::Providers, queue::Queues,
    rate_limit::RateLimiter,
};

/// Resources for accepting, sending and concluding messages. Clones share them.
#[derive(Clone)]
pub struct MessagingService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    pub(crate) providers: Providers,
    pub rate_limiter: RateLimiter,
    pub media: MediaService,
    /// Handle of the task that writes conclusions.
    pub conclusions: Conclusions,
    /// Handle of the task that uploads files to Meta.
    pub uploads: UploadQueue,
    /// How long evidence of an attempt without an answer is waited for.
    pub unknown_window: TimeDelta,
}
