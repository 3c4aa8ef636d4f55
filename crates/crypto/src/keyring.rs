//! Master keys and their rotation.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::Mac;
use zeroize::Zeroizing;

use super::{CannotOpen, SealingKey};

/// The purpose of fingerprints.
const FINGERPRINT: &str = "fingerprint";

/// The master keys. The first seals, all open; a key is rotated by putting the new one first and re-sealing.
#[derive(Clone, Debug)]
pub struct Keyring {
    primary: SealingKey,
    older: Vec<SealingKey>,
}

impl Keyring {
    /// Parses keys of 32 bytes in base64, separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        for (n, word) in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .enumerate()
        {
            let bytes = BASE64_STANDARD
                .decode(word)
                .ok()
                .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            keys.push(SealingKey::new(
                bytes.ok_or_else(|| format!("key {} is not 32 bytes in base64", n + 1))?,
            ));
        }
        if keys.is_empty() {
            return Err("unset".to_owned());
        }
        Ok(Self {
            primary: keys.remove(0),
            older: keys,
        })
    }

    /// Generates a key, in the form of the environment variable.
    pub fn generate() -> String {
        BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.primary).chain(&self.older)
    }

    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        self.primary.seal(purpose, secret)
    }

    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let key = self.keys().find(|key| key.has_sealed(sealed));
        key.ok_or(CannotOpen)?.open(purpose, sealed)
    }

    /// Authenticates bytes of our own, such as the parts of a link: HMAC-SHA256 under a key derived for the purpose.
    pub fn authenticate(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let mac = self.primary.mac_for(purpose).chain_update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// Verifies a MAC made under any of the keys, in constant time.
    pub fn verify(&self, purpose: &str, bytes: &[u8], proof: &[u8]) -> bool {
        self.keys()
            .any(|key| key.mac_for(purpose).chain_update(bytes).verify_slice(proof).is_ok())
    }

    /// Returns the fingerprint of the first key: an HMAC of a constant, which tells keys apart and reveals nothing of them.
    pub fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.primary)
    }

    /// Returns the fingerprint of the key that sealed these bytes; `None` if no key of the ring opens them.
    pub fn fingerprint_of_sealer(&self, purpose: &str, sealed: &[u8]) -> Option<[u8; 32]> {
        let key = self.keys().find(|key| key.has_sealed(sealed))?;
        key.open(purpose, sealed).is_ok().then(|| fingerprint(key))
    }

    /// Returns whether the fingerprint is that of a key of the ring.
    pub fn has_fingerprint(&self, bytes: &[u8]) -> bool {
        self.verify(FINGERPRINT, &[], bytes)
    }

    /// Returns whether an older key sealed these bytes, so that they should be re-sealed.
    pub fn needs_resealing(&self, sealed: &[u8]) -> bool {
        !self.primary.has_sealed(sealed)
    }
}

fn fingerprint(key: &SealingKey) -> [u8; 32] {
    key.mac_for(FINGERPRINT).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_in_front_seals_while_the_old_one_still_opens() {
        let (old, new) = (Keyring::generate(), Keyring::generate());
        let sealed = Keyring::parse(&old).unwrap().seal("tenant-key", b"secret");
        let both = Keyring::parse(&format!("{new}, {old}")).unwrap();
        assert_eq!(both.open("tenant-key", &sealed).unwrap().as_slice(), b"secret");
        assert!(both.needs_resealing(&sealed) && !both.needs_resealing(&both.seal("tenant-key", b"secret")));
        assert_eq!(
            Keyring::parse(&new).unwrap().open("tenant-key", &sealed),
            Err(CannotOpen)
        );
    }

    #[test]
    fn a_proof_holds_for_its_purpose_its_bytes_and_any_key_of_the_ring() {
        let (old, new) = (Keyring::generate(), Keyring::generate());
        let proof = Keyring::parse(&old).unwrap().authenticate("link", b"words");
        let both = Keyring::parse(&format!("{new},{old}")).unwrap();
        assert!(both.verify("link", b"words", &proof));
        assert!(!both.verify("other", b"words", &proof) && !both.verify("link", b"swords", &proof));
        assert!(!both.verify("link", b"words", &proof[..31]) && !both.verify("link", b"words", &[]));
        assert!(!Keyring::parse(&new).unwrap().verify("link", b"words", &proof));
        assert_ne!(
            both.authenticate("link", b"words"),
            proof,
            "the first key makes the MAC"
        );
    }

    #[test]
    fn a_fingerprint_is_known_to_rings_with_its_key_and_to_no_other() {
        let (old, new) = (Keyring::generate(), Keyring::generate());
        let alone = Keyring::parse(&old).unwrap();
        let both = Keyring::parse(&format!("{new},{old}")).unwrap();
        let other = Keyring::parse(&new).unwrap();
        assert!(both.has_fingerprint(&alone.fingerprint()) && !other.has_fingerprint(&alone.fingerprint()));
        assert_eq!(both.fingerprint(), other.fingerprint(), "that of the first key");
        let sealed = alone.seal("tenant-key", b"secret");
        assert_eq!(
            both.fingerprint_of_sealer("tenant-key", &sealed),
            Some(alone.fingerprint())
        );
        assert_eq!(both.fingerprint_of_sealer("another purpose", &sealed), None);
        assert_eq!(other.fingerprint_of_sealer("tenant-key", &sealed), None);
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for text in ["", " , ", "c2hvcnQ=", "not base64"] {
            assert!(Keyring::parse(text).is_err(), "{text:?}");
        }
    }
}
