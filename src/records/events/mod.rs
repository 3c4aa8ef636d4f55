//! Domain events, in a gapless sequence per tenant.

mod append;
mod consumers;
mod find;
mod new_event;
mod sequence_range;

pub use append::{NewEvent, append, append_unconsumed};
pub use find::{Event, EventPage, list};
pub use sequence_range::SequenceRange;
