//! Reads batch values: arrays of messages, statuses, calls, … beside the metadata and contacts they share.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::account::{AccountDetail, AccountEvent};
use super::json::{JsonTree, Members, elements};
use super::listed_contacts::ListedContacts;
use super::walk::{ItemOrigin, Items};
use super::{Change, Unknown, UnknownReason, app_contact, call, error, history, message, preference, status};
use mainstay_events::{self as events, EventType};

/// Context of an element: the parts of its value that all elements share.
pub(super) struct ValueContext<'a> {
    pub field: &'a str,
    pub contacts: &'a ListedContacts<'a>,
    /// Whether the value has this element only, in all its batches, so that a single contact must be its user.
    pub only_element: bool,
    /// The business number, as displayed.
    pub display_phone_number: Option<&'a str>,
    /// Default for an element without a time.
    pub time: Option<DateTime<Utc>>,
}

/// Maximum length of an unknown member's name in item paths, in bytes.
const MAX_KEY_BYTES: usize = 64;

type Element = fn(&ValueContext<'_>, &JsonTree<'_>, &str) -> Result<Change, UnknownReason>;

const BATCHES: &[(&str, Element)] = &[
    ("messages", message::message),
    ("statuses", status::status),
    ("message_echoes", message::echo),
    ("errors", error::error),
    ("state_sync", app_contact::app_contact),
    ("user_preferences", preference::preference),
    ("calls", |context, call, raw| Ok(call::call(context, call, raw))),
    ("groups", |_, group, raw| {
        Ok(event(&events::account::GROUP, group.get("group_id").id(), raw))
    }),
    ("automatic_events", |_, it, raw| {
        Ok(event(&events::meta::AUTOMATIC_EVENTS, it.get("id").id(), raw))
    }),
    ("user_id_update", |_, _, raw| {
        Ok(event(&events::meta::USER_ID_UPDATE, None, raw))
    }),
    ("user_actions", |_, _, raw| {
        Ok(event(&events::meta::USER_ACTIONS, None, raw))
    }),
    ("conversation_context", |_, _, raw| {
        Ok(event(&events::meta::CONVERSATION_CONTEXT, None, raw))
    }),
];

/// Builds an untyped event.
pub(super) fn event(event: &'static EventType, subject: Option<String>, raw: &str) -> Change {
    Change::Account(AccountEvent {
        event,
        subject,
        raw: raw.to_owned(),
        detail: AccountDetail::Other,
    })
}

/// Appends an item for each element of each batch in the value. On error, `items` is unchanged.
pub(super) fn read(origin: &mut ItemOrigin, value: &str, items: &mut Items) -> Result<(), UnknownReason> {
    let members = Members::read(value).ok_or(UnknownReason::WrongShape)?;
    origin.set_phone_number(&members.get("metadata").map(JsonTree::read).unwrap_or_default());
    let contacts = members.get("contacts").map(JsonTree::read).unwrap_or_default();
    let contacts = ListedContacts::new(contacts.list());
    let is_batch = |key: &str| key == "history" || BATCHES.iter().any(|(name, _)| *name == key);
    let mut filled = members
        .0
        .iter()
        .filter(|(key, member)| is_batch(key) && member.get() != "null");
    let mut batches = Batches {
        origin,
        contacts: &contacts,
        only_batch: filled.next().is_some() && filled.next().is_none(),
        first: items.list.len(),
        items,
        recognised: false,
    };
    for (key, member) in &members.0 {
        match (key.as_ref(), member.get()) {
            ("messaging_product" | "metadata" | "contacts", _) | (_, "null") => {}
            ("history", raw) => batches.history(raw),
            (key, raw) => match BATCHES.iter().find(|(name, _)| *name == key) {
                Some((_, element)) => batches.batch(key, raw, *element),
                None => batches.unknown_member(key, raw),
            },
        }
    }
    if batches.recognised {
        return Ok(());
    }
    batches.items.list.truncate(batches.first);
    Err(UnknownReason::NothingRecognised)
}

struct Batches<'a> {
    origin: &'a ItemOrigin,
    contacts: &'a ListedContacts<'a>,
    only_batch: bool,
    items: &'a mut Items,
    first: usize,
    recognised: bool,
}

impl Batches<'_> {
    fn batch(&mut self, key: &str, raw: &str, element: Element) {
        let Some(list) = elements(raw) else {
            return self.single_object(key, raw, element);
        };
        let only_element = self.only_batch && list.len() == 1;
        for (index, it) in list.iter().enumerate() {
            if self.items.is_full() {
                return self.items.overflow(self.origin);
            }
            let change = read_element(&self.context(only_element), it, element);
            self.push(&format!("/{key}/{index}"), change);
        }
    }

    /// Reads a batch member that is not a list. Meta documents no shape for `conversation_context`: an object counts as a list of one.
    fn single_object(&mut self, key: &str, raw: &str, element: Element) {
        let whole = JsonTree::read(raw);
        let change = match key {
            "conversation_context" if whole.is_object() => element(&self.context(true), &whole, raw),
            _ => Err(UnknownReason::WrongShape),
        };
        self.push(&format!("/{key}"), change.unwrap_or_else(|reason| unknown(reason, raw)));
    }

    fn history(&mut self, raw: &str) {
        let Some(chunks) = elements(raw) else {
            return self.push("/history", unknown(UnknownReason::WrongShape, raw));
        };
        let (origin, contacts) = (self.origin, self.contacts);
        let context = value_context(origin, contacts, false);
        let mut emit = |path: &str, change| self.push(path, change);
        for (index, chunk) in chunks.iter().enumerate() {
            history::chunk(&context, &format!("/history/{index}"), chunk.get(), &mut emit);
        }
    }

    /// Stores an unknown member as `Unknown` items, since Meta adds members without notice. Bare values beside known batches are dropped.
    fn unknown_member(&mut self, key: &str, raw: &str) {
        let key = key[..key.floor_char_boundary(MAX_KEY_BYTES)]
            .replace('~', "~0")
            .replace('/', "~1");
        let mut emit = |below: &str, raw| {
            self.items
                .push(self.origin, below, unknown(UnknownReason::UnknownMember, raw));
        };
        match elements(raw) {
            Some(list) => {
                for (at, it) in list.iter().enumerate() {
                    emit(&format!("/{key}/{at}"), it.get());
                }
            }
            None if raw.starts_with('{') => emit(&format!("/{key}"), raw),
            None => {}
        }
    }

    fn context(&self, only_element: bool) -> ValueContext<'_> {
        value_context(self.origin, self.contacts, only_element)
    }

    fn push(&mut self, below: &str, change: Change) {
        self.recognised = true;
        self.items.push(self.origin, below, change);
    }
}

fn value_context<'a>(origin: &'a ItemOrigin, contacts: &'a ListedContacts<'a>, only_element: bool) -> ValueContext<'a> {
    ValueContext {
        field: &origin.field,
        contacts,
        only_element,
        display_phone_number: origin.display_phone_number.as_deref(),
        time: origin.time,
    }
}

fn read_element(context: &ValueContext<'_>, raw: &RawValue, element: Element) -> Change {
    let json = JsonTree::read(raw.get());
    let change = if json.is_object() {
        element(context, &json, raw.get())
    } else {
        Err(UnknownReason::WrongShape)
    };
    change.unwrap_or_else(|reason| unknown(reason, raw.get()))
}

pub(super) fn unknown(reason: UnknownReason, raw: &str) -> Change {
    Change::Unknown(Unknown {
        reason,
        raw: raw.to_owned(),
    })
}
