//! Users that a message or status is about. Since 2026 a user may have no phone number, only a business-scoped user id (BSUID, `US.1349…`).
//! Their data is split between the item and the sibling `contacts[]`.

use super::json::JsonTree;
use super::listed_contacts::ListedContacts;

/// Maximum length of a phone number with its country code and extension.
const MAX_PHONE_CHARS: usize = 20;
/// Maximum length of a stored profile name or username, in bytes: every item of a body may name the same contact. WhatsApp's own limits are
/// 25 and 35 characters.
const MAX_NAME_BYTES: usize = 512;

/// One side of a conversation. All fields are `None` if the item names nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatsAppUser {
    /// Digits with the country code, no `+`.
    pub phone: Option<String>,
    /// The same phone number in Meta's other form, if the item has one and the sibling `contacts[]` the other: Brazilian numbers with and
    /// without the ninth digit, Mexican ones as `52` and `521`, Argentine ones as `54` and `549`.
    pub other_phone: Option<String>,
    /// Business-scoped user id, as sent; an address that is not a phone number counts as one.
    pub user_id: Option<String>,
    /// User id across the portfolios of one enterprise, `US.ENT.…`.
    pub parent_user_id: Option<String>,
    /// Without the leading `@`, otherwise as sent.
    pub username: Option<String>,
    pub name: Option<String>,
    /// Changes when the user reinstalls WhatsApp or changes phones; sent only if enabled for the number.
    pub identity_key_hash: Option<String>,
}

impl WhatsAppUser {
    /// Returns the address that Meta uses: the phone number if known, otherwise the user id.
    pub fn address(&self) -> Option<String> {
        self.phone.clone().or_else(|| self.user_id.clone())
    }

    /// Reads a user. `address` is a key that should hold a phone number (`from`, `to`, `wa_id`, `recipient_id`).
    pub(super) fn read(address: &JsonTree<'_>, user_id: &JsonTree<'_>, parent_user_id: &JsonTree<'_>) -> WhatsAppUser {
        let (phone, user_id_in_address) = match address.id() {
            Some(address) => match phone(&address) {
                Some(phone) => (Some(phone), None),
                None => (None, Some(address)),
            },
            None => (None, None),
        };
        WhatsAppUser {
            phone,
            user_id: user_id.id().or(user_id_in_address),
            parent_user_id: parent_user_id.id(),
            ..WhatsAppUser::default()
        }
    }

    /// Returns whether the user has no identifying field.
    pub fn is_anonymous(&self) -> bool {
        self.phone.is_none() && self.user_id.is_none() && self.parent_user_id.is_none()
    }

    /// Adds data from the matching contact. A single contact beside a single item belongs to it even if the numbers differ, because Meta
    /// writes some Brazilian and Mexican numbers in two forms. Beside several items it may belong to another one, so a user it does not
    /// name stays unchanged: a wrong merge cannot be undone.
    pub(super) fn merge_contact(&mut self, contacts: &ListedContacts<'_>, only_element: bool) {
        let of = match contacts.only() {
            Some(lone) if only_element && !self.has_other_user_id(lone.0) => Some(lone),
            _ => contacts.find(self),
        };
        if let Some((listed, contact)) = of {
            self.fill(listed, contact);
        }
    }

    pub(super) fn is_same_user(&self, other: &WhatsAppUser) -> bool {
        (self.user_id.is_some() && self.user_id == other.user_id)
            || (self.phone.is_some() && self.phone == other.phone && !self.has_other_user_id(other))
    }

    fn has_other_user_id(&self, other: &WhatsAppUser) -> bool {
        matches!((&self.user_id, &other.user_id), (Some(a), Some(b)) if a != b)
    }

    fn fill(&mut self, listed: &WhatsAppUser, contact: &JsonTree<'_>) {
        let either = |own: Option<String>, listed: &Option<String>| own.or_else(|| listed.clone());
        let profile = contact.get("profile");
        self.other_phone = listed
            .phone
            .clone()
            .filter(|it| self.phone.as_ref().is_some_and(|own| own != it));
        self.phone = either(self.phone.take(), &listed.phone);
        self.user_id = either(self.user_id.take(), &listed.user_id);
        self.parent_user_id = either(self.parent_user_id.take(), &listed.parent_user_id);
        self.username = username(profile.get("username"));
        self.name = profile.get("name").text_within(MAX_NAME_BYTES);
        self.identity_key_hash = self.identity_key_hash.take().or(contact.get("identity_key_hash").id());
    }
}

pub(super) fn username(json: &JsonTree<'_>) -> Option<String> {
    let username = json.str()?.trim_start_matches('@');
    (!username.is_empty() && username.len() <= MAX_NAME_BYTES).then(|| username.to_owned())
}

/// Returns the digits of a written phone number; `None` for anything else.
pub fn phone(text: &str) -> Option<String> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() <= MAX_PHONE_CHARS && is_digits(text) {
        return Some(text.to_owned());
    }
    let bare: String = text
        .chars()
        .filter(|it| !matches!(it, '+' | ' ' | '-' | '(' | ')' | '\u{a0}'))
        .collect();
    (bare.len() <= MAX_PHONE_CHARS && is_digits(&bare)).then_some(bare)
}
