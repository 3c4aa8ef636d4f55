//! Values that are batches: arrays of messages, statuses, calls, … beside the metadata and contacts they share.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::account::{Account, AccountDetail};
use super::json::{Json, Members, elements};
use super::listed::Listed;
use super::walk::{Items, Place};
use super::{Change, Unknown, UnknownReason, app_contact, call, error, history, message, preference, status};
use crate::events::{self, EventType};

/// What the value says beside the element that is being read.
pub(super) struct Beside<'a> {
    pub field: &'a str,
    pub contacts: &'a Listed<'a>,
    /// Whether the value has this one element only, in all its batches, so that a lone contact must be its person.
    pub only_element: bool,
    /// The business number, as displayed.
    pub display_phone_number: Option<&'a str>,
    /// Stands in for an element's missing time.
    pub time: Option<DateTime<Utc>>,
}

/// Bytes of an unknown member's name that are kept in the paths of its items.
const LONGEST_KEY: usize = 64;

type Element = fn(&Beside<'_>, &Json<'_>, &str) -> Result<Change, UnknownReason>;

const BATCHES: &[(&str, Element)] = &[
    ("messages", message::message),
    ("statuses", status::status),
    ("message_echoes", message::echo),
    ("errors", error::error),
    ("state_sync", app_contact::app_contact),
    ("user_preferences", preference::preference),
    ("calls", |beside, call, raw| Ok(call::call(beside, call, raw))),
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

/// An event that is passed on as it came.
pub(super) fn event(event: &'static EventType, subject: Option<String>, raw: &str) -> Change {
    Change::Account(Account {
        event,
        subject,
        raw: raw.to_owned(),
        detail: AccountDetail::Other,
    })
}

/// Appends an item for each element of each batch in the value; an error leaves `items` as they were.
pub(super) fn read(place: &mut Place, value: &str, items: &mut Items) -> Result<(), UnknownReason> {
    let members = Members::read(value).ok_or(UnknownReason::WrongShape)?;
    place.concerns(&members.get("metadata").map(Json::read).unwrap_or_default());
    let contacts = members.get("contacts").map(Json::read).unwrap_or_default();
    let contacts = Listed::new(contacts.list());
    let is_batch = |key: &str| key == "history" || BATCHES.iter().any(|(name, _)| *name == key);
    let mut filled = members
        .0
        .iter()
        .filter(|(key, member)| is_batch(key) && member.get() != "null");
    let mut batches = Batches {
        place,
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
    place: &'a Place,
    contacts: &'a Listed<'a>,
    only_batch: bool,
    items: &'a mut Items,
    first: usize,
    recognised: bool,
}

impl Batches<'_> {
    fn batch(&mut self, key: &str, raw: &str, element: Element) {
        let Some(list) = elements(raw) else {
            return self.not_a_list(key, raw, element);
        };
        let only_element = self.only_batch && list.len() == 1;
        for (index, it) in list.iter().enumerate() {
            if self.items.is_full() {
                return self.items.overflow(self.place);
            }
            let change = read_element(&self.beside(only_element), it, element);
            self.push(&format!("/{key}/{index}"), change);
        }
    }

    /// Meta documents no shape for the conversation context: an object is as good as a list of one.
    fn not_a_list(&mut self, key: &str, raw: &str, element: Element) {
        let whole = Json::read(raw);
        let change = match key {
            "conversation_context" if whole.is_object() => element(&self.beside(true), &whole, raw),
            _ => Err(UnknownReason::WrongShape),
        };
        self.push(&format!("/{key}"), change.unwrap_or_else(|reason| unknown(reason, raw)));
    }

    fn history(&mut self, raw: &str) {
        let Some(chunks) = elements(raw) else {
            return self.push("/history", unknown(UnknownReason::WrongShape, raw));
        };
        let (place, contacts) = (self.place, self.contacts);
        let beside = beside(place, contacts, false);
        let mut keep = |path: &str, change| self.push(path, change);
        for (index, chunk) in chunks.iter().enumerate() {
            history::chunk(&beside, &format!("/history/{index}"), chunk.get(), &mut keep);
        }
    }

    /// New members appear without notice. What may hold something is kept; a bare value beside known batches is not.
    fn unknown_member(&mut self, key: &str, raw: &str) {
        let key = key[..key.floor_char_boundary(LONGEST_KEY)]
            .replace('~', "~0")
            .replace('/', "~1");
        let mut keep = |below: &str, raw| {
            self.items
                .push(self.place, below, unknown(UnknownReason::UnknownMember, raw));
        };
        match elements(raw) {
            Some(list) => {
                for (at, it) in list.iter().enumerate() {
                    keep(&format!("/{key}/{at}"), it.get());
                }
            }
            None if raw.starts_with('{') => keep(&format!("/{key}"), raw),
            None => {}
        }
    }

    fn beside(&self, only_element: bool) -> Beside<'_> {
        beside(self.place, self.contacts, only_element)
    }

    fn push(&mut self, below: &str, change: Change) {
        self.recognised = true;
        self.items.push(self.place, below, change);
    }
}

fn beside<'a>(place: &'a Place, contacts: &'a Listed<'a>, only_element: bool) -> Beside<'a> {
    Beside {
        field: &place.field,
        contacts,
        only_element,
        display_phone_number: place.display_phone_number.as_deref(),
        time: place.time,
    }
}

fn read_element(beside: &Beside<'_>, raw: &RawValue, element: Element) -> Change {
    let json = Json::read(raw.get());
    let change = if json.is_object() {
        element(beside, &json, raw.get())
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
