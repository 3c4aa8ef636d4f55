//! Message templates: messages of our own with places to fill, for the service window. They become ordinary messages the moment they
//! are accepted; Meta knows nothing of them.

mod book;
mod content;
mod seeds;
#[cfg(test)]
mod tests;
mod words;

pub use book::{As, LocalError, Update, Which};
pub use content::{Choice, Content, Filled, Row, Section};
