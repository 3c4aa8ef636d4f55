//! From changes to the JSON of one POST.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::change::Change;

/// The outermost object. Structs keep Meta's order of keys, whatever the map behind [`Value`] does.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    object: &'static str,
    entry: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    changes: Vec<FieldValue<'a>>,
}

#[derive(Serialize)]
struct FieldValue<'a> {
    value: &'a Map<String, Value>,
    field: &'a str,
}

impl<'a> Envelope<'a> {
    /// `shares_entry` decides whether a change joins the entry before it, where both are of one account and time.
    pub fn of(changes: &'a [Arc<Change>], mut shares_entry: impl FnMut() -> bool) -> Self {
        let mut entry: Vec<Entry<'_>> = Vec::new();
        for change in changes {
            let told = FieldValue {
                value: &change.value,
                field: &change.field,
            };
            match entry.last_mut() {
                Some(last) if last.id == change.line.waba_id && last.time == change.entry_time && shares_entry() => {
                    last.changes.push(told);
                }
                _ => entry.push(Entry {
                    id: &change.line.waba_id,
                    time: change.entry_time,
                    changes: vec![told],
                }),
            }
        }
        Self {
            object: "whatsapp_business_account",
            entry,
        }
    }
}
