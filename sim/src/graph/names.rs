//! Ids in Meta's shapes, made without a lock: the n-th is a function of a seed and n.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::chance::base64;

/// A source of ids that never repeats one.
#[derive(Debug)]
pub(crate) struct Names {
    seed: u64,
    next: AtomicU64,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            next: AtomicU64::new(0),
        }
    }

    /// The id of a message to this recipient: as Meta's are today, base64 over tags, the user's digits and a name.
    pub fn wamid(&self, recipient: &str) -> String {
        let digits = recipient.bytes().filter(u8::is_ascii_digit).take(15);
        let mut bytes = Vec::with_capacity(48);
        bytes.extend([0x1c, 0x18, 0]);
        bytes.extend(digits);
        bytes[2] = u8::try_from(bytes.len() - 3).unwrap_or(0);
        bytes.extend([0x15, 0x02, 0x00, 0x11, 0x18, 20]);
        let (first, second) = self.draw();
        bytes.extend(format!("{first:016X}{:04X}", second & 0xffff).bytes());
        bytes.push(0x00);
        format!("wamid.{}", base64(&bytes))
    }

    /// Sixteen decimal digits: a media file, a template.
    pub fn number(&self) -> String {
        (1_000_000_000_000_000 + self.draw().0 % 9_000_000_000_000_000).to_string()
    }

    /// Fourteen capital letters and digits.
    pub fn qr_code(&self) -> String {
        format!("{:014X}", self.draw().0 >> 8)
    }

    /// What Meta asks for when one writes to its support.
    pub fn trace(&self) -> String {
        let (first, second) = self.draw();
        let text = base64(&[first.to_be_bytes(), second.to_be_bytes()].concat());
        format!("A{}", text.trim_end_matches('=').replace(['+', '/'], "_"))
    }

    fn draw(&self) -> (u64, u64) {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        // The odd factor keeps different n apart in the first number whatever the seed.
        let start = self.seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mix(start), mix(!start))
    }
}

/// The finaliser of SplitMix64: a bijection, so that no two inputs give the same output.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_and_a_seed_names_them_all() {
        let (names, again) = (Names::new(7), Names::new(7));
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let wamid = names.wamid("+49 151 12345678");
            assert_eq!(wamid, again.wamid("+49 151 12345678"));
            assert!((50..=90).contains(&wamid.len()), "{wamid}");
            assert!(seen.insert(wamid));
        }
    }
}
