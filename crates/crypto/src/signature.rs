//! Signatures of Meta's webhooks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Builder;

use mainstay_core::domain::{AppSecretId, Id};

/// An app secret as the key of Meta's signatures: `X-Hub-Signature-256: sha256=<hex>` is HMAC-SHA256 over the exact bytes of the body,
/// <https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint>.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

/// The message signed to derive a secret's id. It is not JSON, so no webhook equals it.
const ID_MESSAGE: &[u8] = b"mainstay: the id of an app secret";

impl Signer {
    pub fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// Derives an id of the secret: the first 16 bytes of an HMAC under it, as a UUIDv8. Equal ids mean equal secrets.
    pub fn id(&self) -> AppSecretId {
        let mut mac = self.0.clone();
        mac.update(ID_MESSAGE);
        let digest = mac.finalize().into_bytes();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        AppSecretId::from_uuid(Builder::from_custom_bytes(first).into_uuid())
    }

    /// Verifies a signature in constant time.
    pub fn verify(&self, body: &[u8], signature: &[u8; 32]) -> bool {
        let mut mac = self.0.clone();
        mac.update(body);
        mac.verify_slice(signature).is_ok()
    }

    /// Returns the header as Meta sends it.
    pub fn header(&self, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    /// Parses the header; `None` for another format.
    pub fn parse(header: &str) -> Option<[u8; 32]> {
        let mut signature = [0; 32];
        hex::decode_to_slice(header.trim().strip_prefix("sha256=")?, &mut signature).ok()?;
        Some(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_the_exact_bytes_and_the_secret() {
        let signer = Signer::new("app-secret");
        let signature = Signer::parse(&signer.header(b"{}")).unwrap();
        assert!(signer.verify(b"{}", &signature));
        assert!(!signer.verify(b"{ }", &signature));
        assert!(!Signer::new("other").verify(b"{}", &signature));
    }

    #[test]
    fn a_secret_has_one_id() {
        assert_eq!(Signer::new("app-secret").id(), Signer::new("app-secret").id());
        assert_ne!(Signer::new("app-secret").id(), Signer::new("app-secret2").id());
    }

    #[test]
    fn a_known_answer_is_met() {
        // RFC 4231, test case 2.
        let header = Signer::new("Jefe").header(b"what do ya want for nothing?");
        assert_eq!(
            header,
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn other_forms_of_the_header_are_no_signature() {
        for header in [
            "",
            "sha256=",
            "sha1=00",
            "sha256=zz",
            &format!("sha512={}", "0".repeat(64)),
            &"0".repeat(64),
        ] {
            assert!(Signer::parse(header).is_none(), "{header:?}");
        }
    }
}
