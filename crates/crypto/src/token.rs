use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A random secret shown once, such as an API key: `mk_` and 64 hexadecimal digits.
#[derive(Clone)]
pub struct ApiToken(String);

impl ApiToken {
    pub fn generate() -> Self {
        Self(format!("mk_{}", hex::encode(rand::random::<[u8; 32]>())))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the digest to store. A token has 256 random bits, so a plain SHA-256 cannot be reversed by guessing.
    pub fn digest(text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }
}

/// Compares two secrets in constant time.
pub fn constant_time_eq(left: &str, right: &str) -> bool {
    Sha256::digest(left.as_bytes())
        .as_slice()
        .ct_eq(Sha256::digest(right.as_bytes()).as_slice())
        .into()
}
