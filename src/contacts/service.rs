use crate::{clock::Clock, db::Db, queue::Queues};

/// What the verbs of contacts work with.
#[derive(Clone)]
pub struct ContactService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
}
