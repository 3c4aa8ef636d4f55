//! Recipient addresses as callers give them.

use crate::{
    domain::{ContactId, ConversationId},
    phone,
    provider::message::Audience,
};

/// Minimum and maximum digits of an international number, with country code (ITU-T E.164 allows 15; Meta knows none with fewer than 7).
const SHORTEST: usize = 7;
const LONGEST: usize = 15;

/// The recipient of a message, as given by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// Phone number: digits with the country code.
    Phone(String),
    /// Business-scoped user id, `US.1349…`.
    UserId(String),
    /// Meta's id of a group that the number is in.
    Group(String),
    /// A contact; its strongest identity is used.
    Contact(ContactId),
}

/// A malformed address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unaddressable {
    #[error(
        "to.phone: must be an international number with its country code, 7 to 15 digits, e.g. +5491155550101; spaces, hyphens, dots and \
         parentheses may stand between them"
    )]
    Phone,
    /// The digits.
    #[error(
        "to.phone: {0} is not an international number; write it with + and its country code, e.g. +49 151 23456789 and not 0151 23456789"
    )]
    National(String),
    /// The digits.
    #[error(
        "to.phone: +{0} has a 0 after its country code, which is dialled within the country only; write it without, e.g. +49 151 23456789"
    )]
    TrunkZero(String),
    #[error(
        "to.user_id: must be two letters, a dot and up to 128 letters and digits, as in the webhooks, e.g. US.13491208655302741918"
    )]
    UserId,
    #[error("to.conversation_id: there is no conversation {0}")]
    NoSuchConversation(ConversationId),
    #[error("to.group_id: must be Meta's id of the group, 1 to 128 visible characters, as in the webhooks")]
    GroupId,
}

impl Address {
    /// Returns its text: digits of a phone number, or an id.
    pub fn value(&self) -> String {
        match self {
            Self::Phone(value) | Self::UserId(value) | Self::Group(value) => value.clone(),
            Self::Contact(id) => id.to_string(),
        }
    }

    pub fn audience(&self) -> Audience {
        match self {
            Self::Phone(_) | Self::UserId(_) | Self::Contact(_) => Audience::Person,
            Self::Group(_) => Audience::Group,
        }
    }

    /// Parses a phone number as people write it. `+49 (0)151 …` is the number without the zero, which is dialled within the country only.
    /// A number without `+` may be national, so its digits have to be a valid international number.
    pub fn phone(text: &str) -> Result<Self, Unaddressable> {
        let text = text.trim();
        let rest = text.strip_prefix('+').unwrap_or(text);
        let is_allowed = |c: char| c.is_ascii_digit() || " -.()\u{a0}".contains(c);
        if !rest.chars().all(is_allowed) {
            return Err(Unaddressable::Phone);
        }
        let has_plus = rest.len() < text.len();
        let digits: String = rest
            .replacen("(0)", "", 1)
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        if !has_plus && digits.starts_with('0') && digits.len() >= SHORTEST {
            return Err(Unaddressable::National(digits));
        }
        if !(SHORTEST..=LONGEST).contains(&digits.len()) || digits.starts_with('0') {
            return Err(Unaddressable::Phone);
        }
        // Most numbers need no look at the tables.
        if has_plus && !digits.as_bytes()[1..=3].contains(&b'0') {
            return Ok(Self::Phone(digits));
        }
        match phone::canonical(&digits) {
            Some(canonical) if is_without_trunk_zero(&canonical, &digits) => Err(Unaddressable::TrunkZero(digits)),
            Some(_) => Ok(Self::Phone(digits)),
            // Meta may know numbers that the tables do not.
            None if has_plus => Ok(Self::Phone(digits)),
            None => Err(Unaddressable::National(digits)),
        }
    }

    /// Parses a user id and keeps its spelling: `US.1349…`, or `US.ENT.1181…` of a parent company.
    pub fn user_id(text: &str) -> Result<Self, Unaddressable> {
        let (country, rest) = text.split_once('.').ok_or(Unaddressable::UserId)?;
        let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
        let good = country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=128).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if good {
            Ok(Self::UserId(text.to_owned()))
        } else {
            Err(Unaddressable::UserId)
        }
    }

    /// Parses a group id. Meta does not document its format.
    pub fn group(text: &str) -> Result<Self, Unaddressable> {
        let good = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        good.then(|| Self::Group(text.to_owned())).ok_or(Unaddressable::GroupId)
    }
}

/// Returns whether a number is written without a zero that the digits have after their country code.
fn is_without_trunk_zero(canonical: &str, digits: &str) -> bool {
    (1..=3).any(|country| {
        let (code, rest) = digits.split_at(country);
        rest.strip_prefix('0')
            .is_some_and(|rest| format!("{code}{rest}") == canonical)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits_however_it_is_written() {
        for text in [
            "+54 9 11 5555-0101",
            "5491155550101",
            "(549) 11.5555.0101",
            " +5491155550101 ",
            "+54 (0)9 11 5555-0101",
        ] {
            assert_eq!(
                Address::phone(text),
                Ok(Address::Phone("5491155550101".into())),
                "{text}"
            );
        }
        for text in [
            "",
            "12345",
            "+0491155550101",
            "+54911555501011234",
            "54911x5550101",
            "++5491155550101",
            "+54+9115555",
        ] {
            assert_eq!(Address::phone(text), Err(Unaddressable::Phone), "{text}");
        }
    }

    #[test]
    fn a_number_that_may_be_national_is_refused_with_the_form_to_write() {
        for text in [
            "015123456789",
            "0491155550101",
            "0049 151 23456789",
            "15112345678",
            "11 5555-0101",
        ] {
            let national = Unaddressable::National(text.chars().filter(char::is_ascii_digit).collect());
            assert_eq!(Address::phone(text), Err(national), "{text}");
        }
        for text in ["49 (0)151 23456789", "4915123456789", "+49 (0)151 23456789"] {
            assert_eq!(
                Address::phone(text),
                Ok(Address::Phone("4915123456789".into())),
                "{text}"
            );
        }
        for text in ["+49 0151 23456789", "+54 09 11 5555-0101"] {
            let digits = text.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(Address::phone(text), Err(Unaddressable::TrunkZero(digits)), "{text}");
        }
        let with_plus = Address::phone("+15112345678");
        assert_eq!(
            with_plus,
            Ok(Address::Phone("15112345678".into())),
            "Meta may know numbers that the tables do not"
        );
    }

    #[test]
    fn a_user_id_is_kept_as_it_is_spelt() {
        for text in ["US.13491208655302741918", "AR.ENT.1181aB"] {
            assert_eq!(Address::user_id(text), Ok(Address::UserId(text.into())));
        }
        for text in ["", "US", "us.1", "US.", "USA.1", "US.1-2", "5491155550101"] {
            assert_eq!(Address::user_id(text), Err(Unaddressable::UserId), "{text}");
        }
    }
}
