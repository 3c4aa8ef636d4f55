//! Who a message or status is about. Since 2026 a person may have no phone number: then a business-scoped user id
//! (BSUID, `US.1349…`) is all there is. Facts lie in two places, the item itself and the sibling `contacts[]`.

use super::json::Json;
use super::listed::Listed;

/// Longer than any phone number with its country code, extensions included.
const LONGEST_PHONE: usize = 20;
/// Bytes of a profile name or user name that are kept: every item of a body may name the same contact. WhatsApp's own limits are 25 and
/// 35 characters.
const LONGEST_NAME: usize = 512;

/// One side of a conversation. All absent when the item names nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Digits with the country code, no `+`.
    pub phone: Option<String>,
    /// Business-scoped user id, spelt as sent; an address that is no phone number counts as one.
    pub user_id: Option<String>,
    /// The same across the portfolios of one enterprise, `US.ENT.…`.
    pub parent_user_id: Option<String>,
    /// Without the leading `@`, otherwise as sent.
    pub username: Option<String>,
    pub name: Option<String>,
    /// Changes when the person reinstalls WhatsApp or changes phones; only sent if the number asks for it.
    pub identity_key_hash: Option<String>,
}

impl Person {
    /// How Meta addresses them: by number where it may be told, else by user id.
    pub fn address(&self) -> Option<String> {
        self.phone.clone().or_else(|| self.user_id.clone())
    }

    /// `address` is a key that should hold a phone number (`from`, `to`, `wa_id`, `recipient_id`).
    pub(super) fn read(address: &Json<'_>, user_id: &Json<'_>, parent_user_id: &Json<'_>) -> Person {
        let (phone, user_id_in_address) = match address.id() {
            Some(address) => match phone(&address) {
                Some(phone) => (Some(phone), None),
                None => (None, Some(address)),
            },
            None => (None, None),
        };
        Person {
            phone,
            user_id: user_id.id().or(user_id_in_address),
            parent_user_id: parent_user_id.id(),
            ..Person::default()
        }
    }

    /// Nothing here could identify anybody.
    pub fn is_anonymous(&self) -> bool {
        self.phone.is_none() && self.user_id.is_none() && self.parent_user_id.is_none()
    }

    /// Adds what the matching contact knows. A lone contact beside a lone item is its person even if the numbers
    /// differ: Meta writes some Brazilian and Mexican ones in two ways. Beside several items it may be the person of
    /// another one, so whoever is not named by it is left as found: two people taken for one cannot be parted again.
    pub(super) fn join(&mut self, contacts: &Listed<'_>, only_element: bool) {
        let of = match contacts.only() {
            Some(lone) if only_element && !self.is_other(lone.0) => Some(lone),
            _ => contacts.of(self),
        };
        if let Some((listed, contact)) = of {
            self.fill(listed, contact);
        }
    }

    pub(super) fn is_same(&self, other: &Person) -> bool {
        (self.user_id.is_some() && self.user_id == other.user_id)
            || (self.phone.is_some() && self.phone == other.phone && !self.is_other(other))
    }

    fn is_other(&self, other: &Person) -> bool {
        matches!((&self.user_id, &other.user_id), (Some(a), Some(b)) if a != b)
    }

    fn fill(&mut self, listed: &Person, contact: &Json<'_>) {
        let either = |own: Option<String>, listed: &Option<String>| own.or_else(|| listed.clone());
        let profile = contact.get("profile");
        self.phone = either(self.phone.take(), &listed.phone);
        self.user_id = either(self.user_id.take(), &listed.user_id);
        self.parent_user_id = either(self.parent_user_id.take(), &listed.parent_user_id);
        self.username = username(profile.get("username"));
        self.name = profile.get("name").text_within(LONGEST_NAME);
        self.identity_key_hash = self.identity_key_hash.take().or(contact.get("identity_key_hash").id());
    }
}

pub(super) fn username(json: &Json<'_>) -> Option<String> {
    let username = json.str()?.trim_start_matches('@');
    (!username.is_empty() && username.len() <= LONGEST_NAME).then(|| username.to_owned())
}

/// The digits of what is written as a phone number, None for anything else.
pub(super) fn phone(text: &str) -> Option<String> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() <= LONGEST_PHONE && is_digits(text) {
        return Some(text.to_owned());
    }
    let bare: String = text
        .chars()
        .filter(|it| !matches!(it, '+' | ' ' | '-' | '(' | ')' | '\u{a0}'))
        .collect();
    (bare.len() <= LONGEST_PHONE && is_digits(&bare)).then_some(bare)
}
