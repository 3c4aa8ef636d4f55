//! Everything random comes from one seeded generator, so that a seed names a whole history.

use std::ops::RangeInclusive;

use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};

/// A seeded source of choices and of ids in Meta's shapes.
///
/// The algorithm is a named, portable one: the same seed gives the same webhooks on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// True with the given probability; values outside 0 to 1 are taken as the nearest end.
    pub fn happens(&mut self, probability: f64) -> bool {
        // The generator moves even for 0, so that one knob does not shift what the others decide.
        self.0.random_bool(probability.clamp(0.0, 1.0))
    }

    pub fn between<T>(&mut self, range: RangeInclusive<T>) -> T
    where
        T: rand::distr::uniform::SampleUniform + PartialOrd,
    {
        self.0.random_range(range)
    }

    /// An index below `len`, which must not be 0.
    pub fn index(&mut self, len: usize) -> usize {
        self.0.random_range(0..len)
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// Picks by weight. Nothing is chosen when the weights add up to 0.
    pub fn weighted<T: Copy>(&mut self, choices: &[(T, u32)]) -> Option<T> {
        let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
        let mut point = self.0.random_range(0..total.max(1));
        for (choice, weight) in choices {
            if point < *weight {
                return Some(*choice);
            }
            point -= weight;
        }
        None
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// Decimal digits, the first of which is not 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|place| char::from(b'0' + self.between(u8::from(place == 0)..=9)))
            .collect()
    }

    /// Upper-case hexadecimal digits.
    pub fn hex(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(*self.pick(b"0123456789ABCDEF")))
            .collect()
    }

    /// The base64 form in which Meta sends the hash of a media file.
    pub fn sha256(&mut self) -> String {
        let mut hash = [0; 32];
        self.0.fill_bytes(&mut hash);
        base64(&hash)
    }

    /// A message id: `wamid.` and base64 over a few tag bytes, digits and a random name, as Meta's are today.
    pub fn wamid(&mut self, direction: Direction) -> String {
        let mut bytes = vec![0x1c, 0x18, 11];
        bytes.extend(self.digits(11).bytes());
        bytes.extend([0x15, 0x02, 0x00]);
        let (tag, length) = match direction {
            Direction::FromCustomer => (0x12, 20),
            Direction::FromBusiness => (0x11, 18),
        };
        bytes.extend([tag, 0x18, length]);
        bytes.extend(self.hex(usize::from(length)).bytes());
        bytes.push(0x00);
        format!("wamid.{}", base64(&bytes))
    }
}

/// Who wrote a message; the two kinds of message id differ in shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    FromCustomer,
    FromBusiness,
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_vectors_of_rfc_4648() {
        let vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(vectors.map(|text| base64(text.as_bytes())), expected);
    }
}
