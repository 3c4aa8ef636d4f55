//! Consumers of the event stream that may lag behind it, each with a cursor of its own per tenant.
//!
//! A consumer gets every event once, in the order of the sequence. Its cursor advances in the transaction of its effects, so that neither a
//! crash nor a second worker loses or doubles one. What a consumer does outside the database is not covered by this: it writes a job instead.
//!
//! - The cursor is the row of a recurring job. It is idle while the consumer has seen every event.
//! - Whoever appends events hints at the tenant after the commit; a look at all tenants finds what hints have missed.
//! - A consumer that fails stays at its event, and is tried again after a growing rest. Others go on.
//! - A new consumer begins with the oldest event that is kept.
//!
//! What must happen in the commit of the events is no consumer of this kind: see `records/events/consumers.rs`.

mod registry;
mod store;
mod turn;
mod wake;

pub use registry::{EventConsumer, EventConsumers};
pub use store::CONSUMERS;
pub(crate) use store::hint_consumers;
pub use turn::run;
pub use wake::{wake, wake_hinted, wake_lagging};
