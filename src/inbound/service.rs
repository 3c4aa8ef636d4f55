use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    clock::Clock, contacts::keywords::KeywordService, db::Db, directory::Directory, messaging::MessagingService,
    queue::Queues, rate_limit::RateLimiter,
};

/// Dependencies of inbound processing. Clones share them.
#[derive(Clone)]
pub struct InboundService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    pub rate_limiter: RateLimiter,
    pub messaging: MessagingService,
    pub keywords: KeywordService,
    /// Permits for concurrent long webhooks.
    pub long_webhooks: Arc<Semaphore>,
}
