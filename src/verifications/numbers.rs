//! The numbers of a request: read, and each kept once.

use std::collections::HashSet;

use mainstay_phone::{PhoneError, Region, normalize};

use crate::records::number_checks;

/// Characters of a number that are kept as they were given.
const INPUT: usize = 100;

/// A number as it was given, and as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadNumber {
    pub input: String,
    /// Digits with the country code, or why it is no number.
    pub digits: Result<String, PhoneError>,
}

/// Reads numbers, without those that come again in whatever way they are written.
pub(super) fn read(texts: &[String], default: Option<Region>) -> Vec<ReadNumber> {
    let mut known = HashSet::with_capacity(texts.len());
    let mut numbers = Vec::with_capacity(texts.len());
    for text in texts {
        let digits = normalize(text, default);
        let key = match &digits {
            Ok(digits) => number_checks::key(digits),
            Err(_) => text.trim().to_owned(),
        };
        if known.insert(key) {
            let input = text.chars().take(INPUT).collect();
            numbers.push(ReadNumber { input, digits });
        }
    }
    numbers
}

/// Returns the word for why a text is no number.
pub(super) fn evidence(error: PhoneError) -> &'static str {
    match error {
        PhoneError::Scientific => "scientific",
        PhoneError::AmbiguousCountry => "no_country",
        PhoneError::Characters => "characters",
        PhoneError::TooShort => "too_short",
        PhoneError::TooLong => "too_long",
        PhoneError::Unassigned => "unassigned",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_every_national_form_is_one() {
        let texts = [
            "+49 151 23456789",
            "0151 23456789",
            "004915123456789",
            "+55 11 98765-4321",
            "+55 11 8765-4321",
            "what",
            " what ",
            "12",
        ];
        let read = read(&texts.map(str::to_owned), Region::parse("DE"));
        let digits: Vec<_> = read
            .iter()
            .map(|it| it.digits.as_deref().map_err(|it| evidence(*it)))
            .collect();
        assert_eq!(
            digits,
            [
                Ok("4915123456789"),
                Ok("5511987654321"),
                Err("characters"),
                Err("too_short")
            ]
        );
        assert_eq!(read[0].input, "+49 151 23456789");
    }
}
