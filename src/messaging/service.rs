use chrono::TimeDelta;

use super::{Conclusions, UploadQueue};
use crate::{
    clock::Clock, db::Db, directory::Directory, media::MediaService, meta::graph, queue::Queues,
    rate_limit::RateLimiter,
};

/// What messages are accepted, sent and concluded with. Clones share it all.
#[derive(Clone)]
pub struct MessagingService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    pub graph: graph::GraphClient,
    pub rate_limiter: RateLimiter,
    pub media: MediaService,
    /// To the task that writes what came of calls to Meta.
    pub conclusions: Conclusions,
    /// To the task that uploads files to Meta.
    pub uploads: UploadQueue,
    /// How long evidence of a call without an answer is waited for.
    pub unknown_window: TimeDelta,
}
