//! Contact cards to send.

use std::collections::BTreeMap;

use serde::Serialize;

use super::read::{Field, FieldResult, Object, UNLIMITED};

/// Text members of a part of a card.
type Card = BTreeMap<&'static str, String>;

/// A contact card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboundContact {
    pub name: Card,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Card>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Card>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Card>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<Card>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<Card>,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
}

const MAX_CONTACTS: usize = 257;
const NAME: &[&str] = &[
    "formatted_name",
    "first_name",
    "last_name",
    "middle_name",
    "suffix",
    "prefix",
];
const PHONE: &[&str] = &["phone", "type", "wa_id"];
const EMAIL: &[&str] = &["email", "type"];
const ADDRESS: &[&str] = &["street", "city", "state", "zip", "country", "country_code", "type"];
const URL: &[&str] = &["url", "type"];
const ORG: &[&str] = &["company", "department", "title"];

pub(super) fn read(at: &Field<'_>) -> FieldResult<Vec<OutboundContact>> {
    at.list(1..=MAX_CONTACTS)?.iter().map(contact).collect()
}

fn contact(at: &Field<'_>) -> FieldResult<OutboundContact> {
    let mut contact = at.object()?;
    let name_at = contact.required("name")?;
    let name = card(&name_at, NAME)?;
    if !name.contains_key("formatted_name") {
        return Err(super::Invalid::new(
            format!("{}.formatted_name", name_at.path),
            "is missing",
        ));
    }
    if name.len() < 2 {
        return Err(name_at.problem(format!("must have one of {} too", NAME[1..].join(", "))));
    }
    let read = OutboundContact {
        name,
        phones: cards(&mut contact, "phones", PHONE)?,
        emails: cards(&mut contact, "emails", EMAIL)?,
        addresses: cards(&mut contact, "addresses", ADDRESS)?,
        urls: cards(&mut contact, "urls", URL)?,
        org: contact.optional("org").map(|at| card(&at, ORG)).transpose()?,
        birthday: contact.optional("birthday").map(|at| birthday(&at)).transpose()?,
    };
    contact.deny_unknown().map(|()| read)
}

fn cards(contact: &mut Object<'_>, name: &'static str, members: &'static [&'static str]) -> FieldResult<Vec<Card>> {
    let Some(at) = contact.optional(name) else {
        return Ok(Vec::new());
    };
    at.list(0..=UNLIMITED)?.iter().map(|at| card(at, members)).collect()
}

fn card(at: &Field<'_>, members: &'static [&'static str]) -> FieldResult<Card> {
    let mut object = at.object()?;
    let mut card = Card::new();
    for member in members {
        if let Some(text) = object.optional_text(member, UNLIMITED)? {
            card.insert(member, text);
        }
    }
    object.deny_unknown().map(|()| card)
}

fn birthday(at: &Field<'_>) -> FieldResult<String> {
    let text = at.text(UNLIMITED)?;
    let date = chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").is_ok_and(|_| text.len() == 10);
    if date {
        Ok(text)
    } else {
        Err(at.problem("must be a date such as 1999-01-23"))
    }
}

impl OutboundContact {
    pub fn formatted_name(&self) -> &str {
        self.name.get("formatted_name").map_or("", String::as_str)
    }
}
