//! Countries and territories that have a numbering plan.

use crate::plan;
use std::fmt;

/// A country or territory with a numbering plan, by its two letters (ISO 3166-1): `IN`, `BR`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region([u8; 2]);

impl Region {
    /// Parses two letters, in either case; `None` for what has no numbering plan.
    pub fn parse(text: &str) -> Option<Self> {
        let region = Self::letters(text)?;
        plan::of_region(region).is_some().then_some(region)
    }

    /// Reads two letters, whatever they name.
    pub(crate) fn letters(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        let all = letters.iter().all(u8::is_ascii_alphabetic);
        all.then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// The two letters, upper case.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.as_str())
    }
}

/// Returns the region that a valid number belongs to. `None` for an invalid number, and for one of no country (`800 …`, satellites).
pub fn region(digits: &str) -> Option<Region> {
    let (plan, national) = plan::split(digits)?;
    let has = |national: &str| plan.regions.iter().find(|it| it.has(national));
    has(national)
        .or_else(|| crate::variants(digits).find_map(|other| has(plan::split(&other)?.1)))?
        .region
}
