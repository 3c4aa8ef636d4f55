//! What a person sees of the queues and does to them: SQL, once for all of them.

mod jobs;
mod stats;
mod workers;

pub use jobs::{JobCursor, JobRow, JobState, discard, job, jobs, pause, resume, retry};
pub use stats::{QueueStats, stats};
pub(super) use workers::GONE_AFTER;
pub use workers::{Worker, workers};
