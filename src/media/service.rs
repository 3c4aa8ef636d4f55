use chrono::TimeDelta;

use crate::{
    clock::Clock, db::Db, directory::Directory, egress::EgressClient, meta::graph, queue::Queues, storage::Storage,
};

/// What media are fetched, kept, uploaded and removed with. Clones share it all.
#[derive(Clone)]
pub struct MediaService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    pub graph: graph::GraphClient,
    pub storage: Storage,
    /// Fetches from addresses that tenants name.
    pub egress: EgressClient,
    /// How long media are kept that no message needs.
    pub retention: TimeDelta,
}
