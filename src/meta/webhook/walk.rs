//! From entry to entry and change to change, noting on the way what all items of a place share.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::envelope::{self, Entry, Node, RawList};
use super::{Change, Item, MOST_ITEMS, Unknown, UnknownReason, field};

pub(super) fn walk(body: &str, entries: Node<Entry<'_>>) -> Vec<Item> {
    let mut items = Items::default();
    let texts = RawList::default();
    let nothing = Place::default();
    match entries {
        Node::List(entries) if !entries.is_empty() => {
            for (index, entry) in entries.into_iter().enumerate() {
                if items.is_full() {
                    items.overflow(&nothing);
                    break;
                }
                let raw = || texts.get(body, "entry", index).unwrap_or_default();
                read_entry(&mut items, format!("/entry/{index}"), entry, raw);
            }
        }
        _ => items.odd(&nothing, UnknownReason::NoEntries, body.trim()),
    }
    items.list
}

fn read_entry<'a>(items: &mut Items, path: String, entry: Option<Entry<'_>>, raw: impl Fn() -> &'a str) {
    let Some(entry) = entry else {
        let place = Place {
            path,
            ..Place::default()
        };
        return items.odd(&place, UnknownReason::WrongShape, raw());
    };
    let (entry_id, time) = (entry.id.id().map(Arc::from), entry.time.time());
    let place = |path| Place {
        path,
        entry_id: entry_id.clone(),
        time,
        ..Place::default()
    };
    match entry.changes {
        Node::List(changes) if !changes.is_empty() => {
            let texts = RawList::default();
            for (index, change) in changes.into_iter().enumerate() {
                if items.is_full() {
                    return items.overflow(&place(path));
                }
                let raw = || texts.get(raw(), "changes", index).unwrap_or_default();
                read_change(items, place(format!("{path}/changes/{index}")), change, raw);
            }
        }
        _ => items.odd(&place(path), UnknownReason::NoChanges, raw()),
    }
}

fn read_change<'a>(
    items: &mut Items,
    mut place: Place,
    change: Option<envelope::EnvelopeChange<'_>>,
    raw: impl Fn() -> &'a str,
) {
    let Some(change) = change else {
        return items.odd(&place, UnknownReason::WrongShape, raw());
    };
    place.field = field::name(&change.field);
    let Some(value) = change.value else {
        return items.odd(&place, UnknownReason::NoValue, raw());
    };
    place.path.push_str("/value");
    field::read(place, value.get(), items);
}

/// The items of one body: at most [`MOST_ITEMS`], and one that says where the rest was left out.
#[derive(Default)]
pub(super) struct Items {
    pub list: Vec<Item>,
}

impl Items {
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MOST_ITEMS
    }

    /// Adds an item, or notes that there are more than are taken.
    pub(super) fn push(&mut self, place: &Place, below: &str, change: Change) {
        if self.is_full() {
            return self.overflow(place);
        }
        self.list.push(place.item(below, change));
    }

    /// Notes once that items from here on were left out.
    pub(super) fn overflow(&mut self, place: &Place) {
        if self.list.len() == MOST_ITEMS {
            let left_out = Unknown {
                reason: UnknownReason::TooManyItems,
                raw: "null".to_owned(),
            };
            self.list.push(place.item("", Change::Unknown(left_out)));
        }
    }

    /// Keeps the whole of an odd place.
    fn odd(&mut self, place: &Place, reason: UnknownReason, raw: &str) {
        let raw = raw.trim().to_owned();
        self.push(place, "", Change::Unknown(Unknown { reason, raw }));
    }
}

/// Where in the body an item comes from, and what all items there share.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Place {
    pub path: String,
    pub entry_id: Option<Arc<str>>,
    pub time: Option<DateTime<Utc>>,
    pub field: Arc<str>,
    pub phone_number_id: Option<Arc<str>>,
    pub display_phone_number: Option<Arc<str>>,
}

impl Place {
    /// An item from below this place: `below` is the rest of its pointer.
    fn item(&self, below: &str, change: Change) -> Item {
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
