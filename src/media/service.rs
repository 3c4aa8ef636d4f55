use chrono::TimeDelta;

use crate::{
    clock::Clock, db::Db, directory::Directory, egress::EgressClient, meta::graph, queue::Queues, storage::Storage,
};

/// Dependencies of the operations on media. Clones share them.
#[derive(Clone)]
pub struct MediaService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    pub directory: Directory,
    pub graph: graph::GraphClient,
    pub storage: Storage,
    /// Client for URLs given by tenants.
    pub egress: EgressClient,
    /// Retention of media.
    pub retention: TimeDelta,
}
