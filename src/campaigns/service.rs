use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, db::Db, directory::Directory, queue::Queues};

/// What the verbs of campaigns work with.
#[derive(Clone)]
pub struct CampaignService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    /// Cancelled when nothing new is to be begun: a dispatch job hands its campaign back.
    pub work_ends: CancellationToken,
}
