//! Walks entries and changes, and collects the items of a body with the origin they share.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::envelope::{self, Node, RawList, WebhookEntry};
use super::{Change, MAX_ITEMS, Unknown, UnknownReason, WebhookItem, field};

pub(super) fn walk(body: &str, entries: Node<WebhookEntry<'_>>) -> Vec<WebhookItem> {
    let mut items = Items::default();
    let texts = RawList::default();
    let nothing = ItemOrigin::default();
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
        _ => items.push_unknown(&nothing, UnknownReason::NoEntries, body.trim()),
    }
    items.list
}

fn read_entry<'a>(items: &mut Items, path: String, entry: Option<WebhookEntry<'_>>, raw: impl Fn() -> &'a str) {
    let Some(entry) = entry else {
        let origin = ItemOrigin {
            path,
            ..ItemOrigin::default()
        };
        return items.push_unknown(&origin, UnknownReason::WrongShape, raw());
    };
    let (entry_id, time) = (entry.id.id().map(Arc::from), entry.time.time());
    let origin = |path| ItemOrigin {
        path,
        entry_id: entry_id.clone(),
        time,
        ..ItemOrigin::default()
    };
    match entry.changes {
        Node::List(changes) if !changes.is_empty() => {
            let texts = RawList::default();
            for (index, change) in changes.into_iter().enumerate() {
                if items.is_full() {
                    return items.overflow(&origin(path));
                }
                let raw = || texts.get(raw(), "changes", index).unwrap_or_default();
                read_change(items, origin(format!("{path}/changes/{index}")), change, raw);
            }
        }
        _ => items.push_unknown(&origin(path), UnknownReason::NoChanges, raw()),
    }
}

fn read_change<'a>(
    items: &mut Items,
    mut origin: ItemOrigin,
    change: Option<envelope::WebhookChange<'_>>,
    raw: impl Fn() -> &'a str,
) {
    let Some(change) = change else {
        return items.push_unknown(&origin, UnknownReason::WrongShape, raw());
    };
    origin.field = field::name(&change.field);
    let Some(value) = change.value else {
        return items.push_unknown(&origin, UnknownReason::NoValue, raw());
    };
    origin.path.push_str("/value");
    field::read(origin, value.get(), items);
}

/// Items of one body: at most [`MAX_ITEMS`], and one that tells where the rest was cut off.
#[derive(Default)]
pub(super) struct Items {
    pub list: Vec<WebhookItem>,
}

impl Items {
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MAX_ITEMS
    }

    /// Adds an item, or records the overflow.
    pub(super) fn push(&mut self, origin: &ItemOrigin, below: &str, change: Change) {
        if self.is_full() {
            return self.overflow(origin);
        }
        self.list.push(origin.item(below, change));
    }

    /// Records once that further items were cut off.
    pub(super) fn overflow(&mut self, origin: &ItemOrigin) {
        if self.list.len() == MAX_ITEMS {
            let left_out = Unknown {
                reason: UnknownReason::TooManyItems,
                raw: "null".to_owned(),
            };
            self.list.push(origin.item("", Change::Unknown(left_out)));
        }
    }

    /// Adds an `Unknown` with the whole raw text.
    fn push_unknown(&mut self, origin: &ItemOrigin, reason: UnknownReason, raw: &str) {
        let raw = raw.trim().to_owned();
        self.push(origin, "", Change::Unknown(Unknown { reason, raw }));
    }
}

/// Location in the body, and what all items from there share.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ItemOrigin {
    pub path: String,
    pub entry_id: Option<Arc<str>>,
    pub time: Option<DateTime<Utc>>,
    pub field: Arc<str>,
    pub phone_number_id: Option<Arc<str>>,
    pub display_phone_number: Option<Arc<str>>,
}

impl ItemOrigin {
    /// Creates an item; `below` is the rest of its JSON pointer.
    fn item(&self, below: &str, change: Change) -> WebhookItem {
        let mut path = String::with_capacity(self.path.len() + below.len());
        path.push_str(&self.path);
        path.push_str(below);
        WebhookItem {
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
