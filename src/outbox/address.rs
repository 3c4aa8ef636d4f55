use crate::{domain::ContactId, meta::message::Audience};

/// Whom a caller means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Digits with the country code.
    Phone(String),
    /// Business-scoped, `US.1349…`.
    UserId(String),
    /// A group the number is in, by Meta's id.
    Group(String),
    /// Somebody known here, by the strongest of what they are known by.
    Contact(ContactId),
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unaddressable {
    #[error(
        "to.phone: must be an international number with its country code, 7 to 15 digits, e.g. +5491155550101; spaces, hyphens, dots and \
         parentheses may stand between them"
    )]
    Phone,
    #[error(
        "to.user_id: must be two letters, a dot and up to 128 letters and digits, as in the webhooks, e.g. US.13491208655302741918"
    )]
    UserId,
    #[error("to.group_id: must be Meta's id of the group, 1 to 128 visible characters, as in the webhooks")]
    GroupId,
}

impl Address {
    pub fn audience(&self) -> Audience {
        match self {
            Self::Phone(_) | Self::UserId(_) | Self::Contact(_) => Audience::Person,
            Self::Group(_) => Audience::Group,
        }
    }

    /// A number as people write it.
    pub fn phone(text: &str) -> Result<Self, Unaddressable> {
        let text = text.trim();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let written = |c: char| c.is_ascii_digit() || " -.()\u{a0}".contains(c);
        let rest = text.strip_prefix('+').unwrap_or(text);
        if !(7..=15).contains(&digits.len()) || digits.starts_with('0') || !rest.chars().all(written) {
            return Err(Unaddressable::Phone);
        }
        Ok(Self::Phone(digits))
    }

    /// A user id, whose spelling is kept: `US.1349…` or, of a parent company, `US.ENT.1181…`.
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

    /// A group's id, whose form Meta does not document.
    pub fn group(text: &str) -> Result<Self, Unaddressable> {
        let good = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        good.then(|| Self::Group(text.to_owned())).ok_or(Unaddressable::GroupId)
    }
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
            "0491155550101",
            "+54911555501011234",
            "54911x5550101",
            "++5491155550101",
            "+54+9115555",
        ] {
            assert_eq!(Address::phone(text), Err(Unaddressable::Phone), "{text}");
        }
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
