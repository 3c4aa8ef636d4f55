//! Authenticated encryption of secrets.

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const ID: std::ops::Range<usize> = 1..5;
const NONCE: std::ops::Range<usize> = 5..17;

/// The bytes were sealed under another key or for another purpose, or were modified.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a stored secret cannot be decrypted with this key: it was sealed under another key, or modified")]
pub struct CannotOpen;

/// A 256-bit key for AES-GCM. Sealed bytes are `version (1) | key id (4) | nonce (12) | ciphertext and tag`. The purpose, such as
/// `access-token chn_…`, is additional authenticated data, so one secret cannot be substituted for another.
#[derive(Clone)]
pub struct SealingKey {
    bytes: Zeroizing<[u8; 32]>,
    id: [u8; 4],
}

impl SealingKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::digest(bytes);
        Self {
            bytes: Zeroizing::new(bytes),
            id: [digest[0], digest[1], digest[2], digest[3]],
        }
    }

    pub fn random() -> Self {
        Self::new(rand::random())
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        let nonce: [u8; 12] = rand::random();
        let payload = Payload {
            msg: secret,
            aad: purpose.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a secret is far shorter than 64 GB");
        [&[VERSION][..], &self.id, &nonce, &sealed].concat()
    }

    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        if !self.has_sealed(sealed) {
            return Err(CannotOpen);
        }
        let nonce: [u8; 12] = sealed[NONCE].try_into().expect("the range is twelve bytes long");
        let payload = Payload {
            msg: &sealed[NONCE.end..],
            aad: purpose.as_bytes(),
        };
        self.cipher()
            .decrypt(&Nonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| CannotOpen)
    }

    /// Starts a MAC under a key derived from this one for the purpose.
    pub(super) fn mac_for(&self, purpose: &str) -> Hmac<Sha256> {
        let with = |key: &[u8]| <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
        let derived = with(&self.bytes[..]).chain_update("proof: ").chain_update(purpose);
        with(&derived.finalize().into_bytes())
    }

    /// Returns whether the key id in the bytes is that of this key.
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        sealed.len() > NONCE.end && sealed[0] == VERSION && sealed[ID] == self.id
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.bytes).into())
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({})", hex::encode(self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_under_its_key_for_its_purpose_and_unchanged() {
        let key = SealingKey::random();
        let sealed = key.seal("access-token chn_1", b"EAAG");
        assert_eq!(key.open("access-token chn_1", &sealed).unwrap().as_slice(), b"EAAG");
        assert_eq!(key.open("access-token chn_2", &sealed), Err(CannotOpen));
        assert_eq!(
            SealingKey::random().open("access-token chn_1", &sealed),
            Err(CannotOpen)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open("access-token chn_1", &changed), Err(CannotOpen), "byte {at}");
        }
    }
}
