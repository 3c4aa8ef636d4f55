//! Message templates of the tenant for messages within the service window. They are filled when a message is accepted, and unknown to Meta.

mod content;
mod manage;
mod seeds;
#[cfg(test)]
mod tests;
mod variables;

pub use content::{Choice, Filled, LocalContent, Row, Section};
pub(crate) use manage::{Activation, LocalError, LocalTemplateRef, Update};
