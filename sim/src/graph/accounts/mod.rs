//! WhatsApp business accounts and their numbers.

mod account;
mod blocks;
mod health;
mod number;
mod settings;
mod subscriptions;

pub(crate) use account::Account;
pub use account::Trouble;
pub(crate) use blocks::Blocking;
pub(crate) use number::Number;
pub use number::NumberPatch;
