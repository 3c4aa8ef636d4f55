//! Domain events: what happened, in an order per tenant that readers can rely on.

mod append;

pub use append::{NewEvent, append};
