//! Administration of the queues: statistics, lists, retry, discard, pause.

mod jobs;
mod stats;
mod workers;

pub use jobs::{JobCursor, JobRow, JobState, PausedQueue, discard, is_paused, job, jobs, pause, paused, resume, retry};
pub use stats::{QueueStats, stats};
pub(super) use workers::WORKER_TIMEOUT;
pub use workers::{Worker, workers};
