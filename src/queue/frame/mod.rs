//! What runs the jobs of a process. For each kind of job there is a *line*: the feeder takes ids while there is room, apalis calls the
//! runner with batches of them, the keeper renews leases and tells the driver what is finished, and the sweep brings in what the
//! driver does not know. Beside the lines, one task reads which queues are paused, and one says that this process is alive.

mod crashes;
mod execution;
mod feeder;
mod hands;
mod keeper;
mod line;
mod order;
mod pauses;
mod presence;
mod runner;
mod sweep;
mod terms;
mod workers;

pub use workers::{Workers, WorkersError};
