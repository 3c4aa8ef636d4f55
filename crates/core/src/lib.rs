//! What every crate of the workspace may know: values and rules, the clock, file modes, secrets, fair shares.

pub mod clock;
pub mod domain;
pub mod permissions;
mod secret;
pub mod shares;

pub use secret::Secret;
