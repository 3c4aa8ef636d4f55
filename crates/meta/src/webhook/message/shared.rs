//! Shared locations and contact cards.

use crate::webhook::json::JsonTree;
use crate::webhook::person::phone;

#[derive(Debug, Clone, PartialEq)]
pub struct LocationContent {
    /// In degrees.
    pub latitude: f64,
    pub longitude: f64,
    pub name: Option<String>,
    pub address: Option<String>,
    pub url: Option<String>,
}

impl LocationContent {
    pub(super) fn read(block: &JsonTree<'_>) -> Option<LocationContent> {
        Some(LocationContent {
            latitude: block.get("latitude").float()?,
            longitude: block.get("longitude").float()?,
            name: block.get("name").text(),
            address: block.get("address").text(),
            url: block.get("url").text(),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacts {
    pub cards: Vec<ContactCard>,
}

/// A contact card, as far as a conversation needs it; addresses, emails and dates are in the message's `raw`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactCard {
    pub name: Option<String>,
    pub phones: Vec<ContactPhone>,
    pub vcard: Option<String>,
    /// `contact_request` if it answers a request for the user's own number, otherwise `other`.
    pub origin: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPhone {
    /// As written on the card.
    pub phone: Option<String>,
    /// Digits; present if the number is on WhatsApp.
    pub wa_id: Option<String>,
    pub kind: Option<String>,
}

impl Contacts {
    pub(super) fn read(block: &JsonTree<'_>) -> Option<Contacts> {
        let cards: Vec<_> = block
            .list()
            .iter()
            .filter(|card| card.is_object())
            .map(ContactCard::read)
            .collect();
        (!cards.is_empty()).then_some(Contacts { cards })
    }

    pub(super) fn text(&self) -> Option<String> {
        let first_phone = |card: &ContactCard| card.phones.iter().find_map(|it| it.phone.clone());
        let lines: Vec<_> = self
            .cards
            .iter()
            .filter_map(|card| card.name.clone().or(first_phone(card)))
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }
}

impl ContactCard {
    fn read(card: &JsonTree<'_>) -> ContactCard {
        let name = card.get("name");
        ContactCard {
            name: name
                .get("formatted_name")
                .text()
                .or_else(|| name.get("first_name").text()),
            phones: card.get("phones").list().iter().map(ContactPhone::read).collect(),
            vcard: card.get("vcard").text(),
            origin: card.get("origin").text(),
        }
    }
}

impl ContactPhone {
    fn read(json: &JsonTree<'_>) -> ContactPhone {
        ContactPhone {
            phone: json.get("phone").text(),
            wa_id: json.get("wa_id").text().and_then(|wa_id| phone(&wa_id)),
            kind: json.get("type").text(),
        }
    }
}
