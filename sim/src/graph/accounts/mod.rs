//! WhatsApp business accounts and their numbers.

mod account;
mod blocks;
mod health;
mod number;
mod profile;
mod qr_codes;
mod settings;
mod subscriptions;

pub(crate) use account::Account;
pub use account::Trouble;
pub(crate) use blocks::{Blocked, Blocking};
pub(crate) use number::Number;
pub use number::NumberPatch;
pub(crate) use qr_codes::QrCode;
