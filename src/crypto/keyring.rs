use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::Mac;
use zeroize::Zeroizing;

use super::{CannotOpen, SealingKey};

/// The master keys: the first seals, all open, so that a key is replaced by putting the new one in front and re-sealing.
#[derive(Clone, Debug)]
pub struct Keyring {
    first: SealingKey,
    older: Vec<SealingKey>,
}

impl Keyring {
    /// Reads keys of 32 bytes in base64, separated by commas.
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
            first: keys.remove(0),
            older: keys,
        })
    }

    /// A new key, as it is written in the environment.
    pub fn generate() -> String {
        BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
    }

    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        self.first.seal(purpose, secret)
    }

    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let mut keys = std::iter::once(&self.first).chain(&self.older);
        keys.find(|key| key.sealed(sealed))
            .ok_or(CannotOpen)?
            .open(purpose, sealed)
    }

    /// Proves that some bytes come from us, e.g. the words of a link: HMAC-SHA256 under a key derived for the purpose.
    pub fn prove(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let prover = self.first.prover(purpose).chain_update(bytes);
        prover.finalize().into_bytes().into()
    }

    /// Whether any of the keys made the proof; compares in constant time.
    pub fn proves(&self, purpose: &str, bytes: &[u8], proof: &[u8]) -> bool {
        let mut keys = std::iter::once(&self.first).chain(&self.older);
        keys.any(|key| key.prover(purpose).chain_update(bytes).verify_slice(proof).is_ok())
    }

    /// Whether an older key sealed it, so that it should be sealed anew.
    pub fn is_old(&self, sealed: &[u8]) -> bool {
        !self.first.sealed(sealed)
    }
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
        assert!(both.is_old(&sealed) && !both.is_old(&both.seal("tenant-key", b"secret")));
        assert_eq!(
            Keyring::parse(&new).unwrap().open("tenant-key", &sealed),
            Err(CannotOpen)
        );
    }

    #[test]
    fn a_proof_holds_for_its_purpose_its_bytes_and_any_key_of_the_ring() {
        let (old, new) = (Keyring::generate(), Keyring::generate());
        let proof = Keyring::parse(&old).unwrap().prove("link", b"words");
        let both = Keyring::parse(&format!("{new},{old}")).unwrap();
        assert!(both.proves("link", b"words", &proof));
        assert!(!both.proves("other", b"words", &proof) && !both.proves("link", b"swords", &proof));
        assert!(!both.proves("link", b"words", &proof[..31]) && !both.proves("link", b"words", &[]));
        assert!(!Keyring::parse(&new).unwrap().proves("link", b"words", &proof));
        assert_ne!(both.prove("link", b"words"), proof, "the first key proves");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for text in ["", " , ", "c2hvcnQ=", "not base64"] {
            assert!(Keyring::parse(text).is_err(), "{text:?}");
        }
    }
}
