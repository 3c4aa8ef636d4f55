//! Templates: Meta's, and message templates of our own.

mod change;
mod list;
pub mod local;
mod problems;
mod show;
mod shown;

pub use change::*;
pub use list::*;
pub use problems::unusable;
pub use show::*;
