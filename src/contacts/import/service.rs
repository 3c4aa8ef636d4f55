use crate::{
    clock::Clock,
    db::Db,
    queue::{Queue, Queues},
    storage::Storage,
};

/// The queue of imports.
pub const IMPORTS: Queue = Queue::of_kind("imports", "tasks", "import");

/// Dependencies of imports. Clones share them.
#[derive(Clone)]
pub struct ImportService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    /// Where files wait for their import.
    pub storage: Storage,
}
