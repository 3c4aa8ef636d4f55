//! Runs the jobs of a process. Each kind of job has a [`QueueWorker`](queue_worker::QueueWorker) with these tasks:
//!
//! | task | does |
//! |---|---|
//! | fetcher | fetches ids while there are free slots |
//! | apalis | calls the runner with batches of ids |
//! | lease keeper | renews leases and settles finished ids with the driver |
//! | sweeper | pushes rows that the driver does not know |
//!
//! Two tasks serve all of them: one polls which queues are paused, one writes heartbeats.

mod claimed_batch;
mod crashes;
mod execution;
mod fetcher;
mod heartbeat;
mod in_flight;
mod job_spec;
mod lease_keeper;
mod pauses;
mod queue_worker;
mod runner;
mod sweep;
mod workers;

pub use heartbeat::worker_id;
pub use workers::{Workers, WorkersError};
