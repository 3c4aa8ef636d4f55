//! Envelope encryption of stored secrets, and signatures.

mod keyring;
mod seal;
mod signature;
pub mod standard_webhooks;
mod token;

pub use keyring::Keyring;
pub use seal::{CannotOpen, SealingKey};
pub use signature::Signer;
pub use standard_webhooks::WebhookSecret;
pub use token::{ApiToken, constant_time_eq};

/// Selects ring as the TLS provider of this process. A second call is ignored: there is no other provider in the build.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
