use base64::{Engine, prelude::BASE64_STANDARD};
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
    fn a_key_that_is_none_is_refused() {
        for text in ["", " , ", "c2hvcnQ=", "not base64"] {
            assert!(Keyring::parse(text).is_err(), "{text:?}");
        }
    }
}
