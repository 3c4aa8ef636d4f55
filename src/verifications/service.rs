use chrono::TimeDelta;

use crate::{
    clock::Clock,
    db::Db,
    queue::{Queue, Queues},
};

/// The queue of verifications.
pub const VERIFICATIONS: Queue = Queue::of_kind("verifications", "tasks", "verification");

/// Dependencies of verifications. Clones share them.
#[derive(Clone)]
pub struct VerificationService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    /// How long what was found out about a number counts.
    pub cache: TimeDelta,
}
