//! Secrets at rest, and proofs that a caller knows one.

mod keyring;
mod seal;
mod signature;
pub mod standard_webhooks;
mod token;

pub use keyring::Keyring;
pub use seal::{CannotOpen, SealingKey};
pub use signature::Signer;
pub use standard_webhooks::WebhookSecret;
pub use token::{Token, same};

/// Makes ring the cryptography of every TLS connection of this process. Whoever did it before has chosen the same: there is no other in the
/// build.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
