//! The inventory of jobs: one file each, one line each in [`register`].

mod process_events;

pub use process_events::ProcessEvents;

use crate::{
    app::App,
    queue::{Job, Queue, Workers},
};

/// Every queue there is, in the order the operator sees them.
pub const QUEUES: &[Queue] = &[ProcessEvents::QUEUE];

/// Every job a worker runs.
pub fn register(workers: Workers<App>) -> Workers<App> {
    workers.register::<ProcessEvents>()
}
