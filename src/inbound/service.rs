use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    clock::Clock, db::Db, directory::Directory, messaging::MessagingService, queue::Queues, rate_limit::RateLimiter,
};

/// What stored webhooks are processed with. Clones share it all.
#[derive(Clone)]
pub struct InboundService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    pub rate_limiter: RateLimiter,
    pub messaging: MessagingService,
    /// Permits for long webhooks that are processed at a time.
    pub long_webhooks: Arc<Semaphore>,
}
