//! Domain events, in a gapless sequence per tenant.

mod append;
mod consumers;
mod find;
mod new_event;
mod recorded;

pub use append::{NewEvent, append, append_unconsumed};
pub use find::{Event, EventPage, list};
pub use recorded::SequenceRange;
