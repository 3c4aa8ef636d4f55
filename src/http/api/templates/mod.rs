//! Templates: Meta's, and message templates of our own.

mod change;
mod list;
pub mod local;
mod message_template_view;
mod problems;
mod show;

pub use change::*;
pub use list::*;
pub(crate) use problems::message_template_problem;
pub use show::*;
