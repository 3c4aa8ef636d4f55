//! Domain events, in a gapless sequence per tenant.

mod append;
mod consumers;
mod find;
mod recorded;
mod new_event;

pub use append::{NewEvent, append, append_unconsumed};
pub use find::{Event, EventPage, list};
pub use recorded::Recorded;
