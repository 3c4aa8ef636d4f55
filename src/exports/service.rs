use crate::{
    clock::Clock,
    crypto::Keyring,
    db::Db,
    queue::{Queue, Queues},
    storage::Storage,
};

/// The queue of exports that are written to a file.
pub const EXPORTS: Queue = Queue::of_kind("exports", "tasks", "export");

/// Dependencies of exports. Clones share them.
#[derive(Clone)]
pub struct ExportService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    /// Where files wait to be fetched.
    pub storage: Storage,
    /// Signs the links to them.
    pub keyring: Keyring,
}
