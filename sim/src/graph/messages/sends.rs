//! The simulator's own account of the messages it accepted. It only ever grows.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A message that was accepted: from here on it reaches the recipient, or a `failed` status says that it did not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcceptedSend {
    /// Counts from 0, in the order of acceptance.
    pub place: usize,
    pub wamid: String,
    pub phone_number_id: String,
    /// `wa_id` of a send by phone, user id of a send by user id, group id.
    pub recipient: String,
    #[serde(rename = "type")]
    pub message_type: String,
    /// The request, byte for byte.
    pub body: Box<RawValue>,
    /// `biz_opaque_callback_data`.
    pub opaque: Option<String>,
    /// Unix milliseconds.
    pub accepted_at_ms: i64,
    /// How often this content has been accepted for this recipient from this number, this time included: from 2 on
    /// somebody has got the same twice.
    pub times_accepted: u32,
    /// Whether the answer that said so was spoilt on purpose.
    pub answer_spoilt: bool,
}

impl AcceptedSend {
    /// The request, parsed.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.body.get()).unwrap_or_default()
    }
}

/// A message of a customer that the business marked as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadReceipt {
    pub phone_number_id: String,
    pub wamid: String,
    /// Whether a typing indicator was asked for.
    pub typing: bool,
    /// Unix milliseconds.
    pub at_ms: i64,
}

/// What sends are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// `biz_opaque_callback_data`; sends without are left out.
    Opaque,
    Recipient,
    /// Number, recipient and everything in the body but the opaque data.
    Content,
    PhoneNumber,
}

/// How many sends were accepted, by something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub accepted: usize,
    /// How many differ.
    pub distinct: usize,
    /// The largest count: 1 if nothing was accepted twice.
    pub most: u32,
    pub counts: BTreeMap<String, u32>,
}

/// What is known of a message when it is accepted.
pub(crate) struct Accepted<'a> {
    pub wamid: &'a str,
    pub phone_number_id: &'a str,
    pub recipient: &'a str,
    pub message_type: &'static str,
    pub body: &'a Value,
    pub raw: Box<RawValue>,
    pub opaque: Option<&'a str>,
    /// Unix milliseconds.
    pub at_ms: i64,
    pub answer_spoilt: bool,
}

impl Accepted<'_> {
    /// A number for everything in it but the opaque data. Maps are in order of keys, so equal bodies are equal here.
    pub fn content(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.phone_number_id, self.recipient).hash(&mut hasher);
        if let Value::Object(body) = self.body {
            for (key, value) in body {
                if !matches!(key.as_str(), "biz_opaque_callback_data" | "to" | "recipient") {
                    (key, value).hash(&mut hasher);
                }
            }
        }
        hasher.finish()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Sends {
    list: Vec<Arc<AcceptedSend>>,
    by_opaque: HashMap<String, u32>,
    by_recipient: HashMap<String, u32>,
    by_content: HashMap<u64, u32>,
    by_number: HashMap<String, u32>,
    pub reads: Vec<ReadReceipt>,
}

impl Sends {
    /// Enters a message; `content` is the caller's work, so that it is not done under the lock.
    pub fn enter(&mut self, accepted: Accepted<'_>, content: u64) {
        if let Some(opaque) = accepted.opaque {
            count(&mut self.by_opaque, opaque);
        }
        count(&mut self.by_recipient, accepted.recipient);
        count(&mut self.by_number, accepted.phone_number_id);
        let times = self.by_content.entry(content).or_default();
        *times += 1;
        self.list.push(Arc::new(AcceptedSend {
            place: self.list.len(),
            wamid: accepted.wamid.to_owned(),
            phone_number_id: accepted.phone_number_id.to_owned(),
            recipient: accepted.recipient.to_owned(),
            message_type: accepted.message_type.to_owned(),
            body: accepted.raw,
            opaque: accepted.opaque.map(str::to_owned),
            accepted_at_ms: accepted.at_ms,
            times_accepted: *times,
            answer_spoilt: accepted.answer_spoilt,
        }));
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn all(&self) -> &[Arc<AcceptedSend>] {
        &self.list
    }

    pub fn with_opaque(&self, opaque: &str) -> u32 {
        self.by_opaque.get(opaque).copied().unwrap_or(0)
    }

    pub fn for_recipient(&self, recipient: &str) -> u32 {
        self.by_recipient.get(recipient).copied().unwrap_or(0)
    }

    /// The counts of at least `least`.
    pub fn counts(&self, by: By, least: u32) -> Counts {
        match by {
            By::Opaque => self.told(&self.by_opaque, least),
            By::Recipient => self.told(&self.by_recipient, least),
            By::PhoneNumber => self.told(&self.by_number, least),
            By::Content => {
                let named = self
                    .by_content
                    .iter()
                    .map(|(hash, count)| (format!("{hash:016x}"), *count));
                self.told(&named.collect(), least)
            }
        }
    }

    fn told(&self, counts: &HashMap<String, u32>, least: u32) -> Counts {
        let counted = counts.iter().filter(|(_, count)| **count >= least);
        Counts {
            accepted: self.list.len(),
            distinct: counts.len(),
            most: counts.values().copied().max().unwrap_or(0),
            counts: counted.map(|(key, count)| (key.clone(), *count)).collect(),
        }
    }
}

/// Adds one without making a key that is there already.
fn count(counts: &mut HashMap<String, u32>, key: &str) {
    match counts.get_mut(key) {
        Some(count) => *count += 1,
        None => _ = counts.insert(key.to_owned(), 1),
    }
}
