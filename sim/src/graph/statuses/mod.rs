//! Statuses: what is in store for a message (`plan`), how it may be spoilt (`policy`), what waits (`queue`) and how it
//! is told (`tell`).

mod plan;
mod policy;
mod queue;
mod tell;

pub(crate) use plan::{Doom, Outlook, Plan};
pub use policy::{Echo, StatusPolicy};
pub(crate) use queue::{Due, Event, Queue, Story};
