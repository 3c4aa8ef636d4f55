//! Secrets at rest, and proofs that a caller knows one.

mod keyring;
mod seal;
mod signature;
mod token;

pub use keyring::Keyring;
pub use seal::{CannotOpen, SealingKey};
pub use signature::Signer;
pub use token::{Token, same};
