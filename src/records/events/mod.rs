//! Domain events: what happened, in an order per tenant that readers can rely on.

mod append;
mod consumers;
mod find;
mod recorded;
mod told;

pub use append::{NewEvent, append, append_unconsumed};
pub use find::{Event, Page, list};
pub use recorded::Recorded;
