//! What Meta puts beside a body so that the receiver can trust it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that counts: `sha256=` and the lower-case hex of HMAC-SHA256 over the exact body, keyed with the app secret.
pub const SIGNATURE_HEADER: &str = "X-Hub-Signature-256";

/// The legacy twin that old Graph webhooks carry. A receiver must not trust it.
pub const LEGACY_SIGNATURE_HEADER: &str = "X-Hub-Signature";

/// The value of [`SIGNATURE_HEADER`] for these bytes.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac(app_secret, body)))
}

/// A value with the looks of [`LEGACY_SIGNATURE_HEADER`]. It is no real SHA-1: whoever checks it is mistaken anyway.
pub fn legacy_lookalike(app_secret: &str, body: &[u8]) -> String {
    format!("sha1={}", hex::encode(&hmac(app_secret, body)[..20]))
}

fn hmac(app_secret: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_matches_the_second_vector_of_rfc_4231() {
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
