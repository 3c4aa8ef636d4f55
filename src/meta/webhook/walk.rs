//! From entry to entry and change to change, noting on the way what all items of a place share.

use chrono::{DateTime, Utc};

use super::envelope::{self, Entry, Node, text_at};
use super::{Change, Item, Unknown, UnknownReason, field};

pub(super) fn walk(body: &str, entries: Node<Entry<'_>>) -> Vec<Item> {
    let mut parsing = Parsing {
        body,
        items: Vec::new(),
    };
    match entries {
        Node::List(entries) if !entries.is_empty() => {
            for (index, entry) in entries.into_iter().enumerate() {
                parsing.entry(format!("/entry/{index}"), entry);
            }
        }
        _ => parsing.odd(Place::default(), UnknownReason::NoEntries),
    }
    parsing.items
}

struct Parsing<'a> {
    body: &'a str,
    items: Vec<Item>,
}

/// Where in the body an item comes from, and what it says about all items there.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub path: String,
    pub entry_id: Option<String>,
    pub time: Option<DateTime<Utc>>,
    pub field: String,
    pub phone_number_id: Option<String>,
    pub display_phone_number: Option<String>,
}

impl Place {
    /// An item from below this place: `below` is the rest of its pointer.
    pub(super) fn item(&self, below: &str, change: Change) -> Item {
        let mut path = String::with_capacity(self.path.len() + below.len());
        path.push_str(&self.path);
        path.push_str(below);
        Item {
            path,
            entry_id: self.entry_id.clone(),
            time: self.time,
            field: self.field.clone(),
            phone_number_id: self.phone_number_id.clone(),
            display_phone_number: self.display_phone_number.clone(),
            change,
        }
    }
}

impl Parsing<'_> {
    fn entry(&mut self, path: String, entry: Node<Entry<'_>>) {
        let Node::Object(entry) = entry else {
            return self.odd(
                Place {
                    path,
                    ..Place::default()
                },
                UnknownReason::WrongShape,
            );
        };
        let (entry_id, time) = (entry.id.id(), entry.time.time());
        let place = |path| Place {
            path,
            entry_id: entry_id.clone(),
            time,
            ..Place::default()
        };
        match entry.changes {
            Node::List(changes) if !changes.is_empty() => {
                for (index, change) in changes.into_iter().enumerate() {
                    self.change(place(format!("{path}/changes/{index}")), change);
                }
            }
            _ => self.odd(place(path), UnknownReason::NoChanges),
        }
    }

    fn change(&mut self, mut place: Place, change: Node<envelope::Change<'_>>) {
        let Node::Object(change) = change else {
            return self.odd(place, UnknownReason::WrongShape);
        };
        place.field = change.field.text().unwrap_or_default();
        let Some(value) = change.value else {
            return self.odd(place, UnknownReason::NoValue);
        };
        place.path.push_str("/value");
        field::read(place, value.get(), &mut self.items);
    }

    /// Keeps the whole of an odd place.
    fn odd(&mut self, place: Place, reason: UnknownReason) {
        let raw = text_at(self.body, &place.path).unwrap_or(self.body).trim().to_owned();
        self.items
            .push(place.item("", Change::Unknown(Unknown { reason, raw })));
    }
}
