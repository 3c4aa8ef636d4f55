//! The simulator's own account of what it told, and of what it was told in return.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use crate::webhook::{Authenticity, Webhook};
use crate::{AcceptedSend, Item, Message, Other, ReadReceipt, Status};

/// An item, with how often bodies that held it were generated and answered 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<T> {
    #[serde(flatten)]
    pub item: T,
    /// More than 1 where the item came again, in the same body or another one.
    pub generated: u32,
    /// The POSTs answered 200 that held it. From 1 on the receiver has promised to keep the item.
    pub acknowledged: u32,
}

/// Counts of bodies and POSTs. Forged and garbage bodies are counted apart, so that the others are about Meta's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Bodies, counting one that comes again as another.
    pub bodies_generated: u64,
    /// Bodies answered 200, with the answer received.
    pub bodies_acknowledged: u64,
    /// Bodies dropped because the redelivery window had passed.
    pub bodies_given_up: u64,
    pub posts: u64,
    /// POSTs beyond the first of their body.
    pub redeliveries: u64,
    /// POSTs answered, but not 200.
    pub refused: u64,
    /// POSTs without an answer: no connection, or none within the timeout.
    pub unanswered: u64,
    /// POSTs answered 200 whose answer Meta never saw.
    pub answers_lost: u64,
    /// POSTs that were answered, by HTTP status.
    pub answers: BTreeMap<u16, u64>,
    pub forged: u64,
    /// Forged bodies answered 200: anything above 0 is a hole in the receiver.
    pub forged_accepted: u64,
    pub garbage: u64,
    pub garbage_accepted: u64,
}

/// Everything generated and everything acknowledged, in the order of generation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    pub totals: Totals,
    pub messages: Vec<Record<Message>>,
    pub statuses: Vec<Record<Status>>,
    pub other: Vec<Record<Other>>,
    /// Ids of messages in forged bodies: none of them may be found at the receiver.
    pub forged_wamids: Vec<String>,
    /// Messages the Graph API accepted.
    #[serde(default)]
    pub sends: Vec<Arc<AcceptedSend>>,
    /// Messages of customers that were marked as read.
    #[serde(default)]
    pub reads: Vec<ReadReceipt>,
    /// What the Graph API refused of its own accord, by code.
    #[serde(default)]
    pub refusals: BTreeMap<i64, u64>,
    /// Errors on answers and `failed` statuses that were asked for, by code.
    #[serde(default)]
    pub injected: BTreeMap<i64, u64>,
    #[serde(skip)]
    places: HashMap<Key, usize>,
}

/// What makes two items the same to a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Message { phone_number_id: String, wamid: String },
    Status(Status),
    Other(u64),
}

/// How a POST ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered(StatusCode),
    /// The receiver answered 200, but Meta did not get to see it.
    AnswerLost,
    Unanswered,
}

impl Ledger {
    /// Messages of which at least one POST was answered 200.
    pub fn acknowledged_messages(&self) -> impl Iterator<Item = &Message> {
        acknowledged(&self.messages)
    }

    /// Statuses of which at least one POST was answered 200.
    pub fn acknowledged_statuses(&self) -> impl Iterator<Item = &Status> {
        acknowledged(&self.statuses)
    }

    /// Other changes of which at least one POST was answered 200.
    pub fn acknowledged_other(&self) -> impl Iterator<Item = &Other> {
        acknowledged(&self.other)
    }

    /// How many distinct items were never acknowledged.
    pub fn unacknowledged(&self) -> usize {
        fn count<T>(records: &[Record<T>]) -> usize {
            records.iter().filter(|record| record.acknowledged == 0).count()
        }
        count(&self.messages) + count(&self.statuses) + count(&self.other)
    }

    /// Whether every item generated has been acknowledged.
    pub fn is_complete(&self) -> bool {
        self.unacknowledged() == 0
    }

    /// How many changes of each field other than messages and statuses were generated.
    pub fn other_by_field(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for record in &self.other {
            *counts.entry(record.item.field.as_str()).or_default() += 1;
        }
        counts
    }

    /// Notes that a body is about to be delivered.
    pub fn record_generated(&mut self, webhook: &Webhook) {
        match webhook.authenticity {
            Authenticity::Genuine => {
                self.totals.bodies_generated += 1;
                for item in &webhook.items {
                    *self.counts(item).0 += 1;
                }
            }
            Authenticity::Garbage => self.totals.garbage += 1,
            Authenticity::WrongSecret | Authenticity::BadSignature | Authenticity::Unsigned => {
                self.totals.forged += 1;
                self.forged_wamids
                    .extend(webhook.items.iter().filter_map(|item| match item {
                        Item::Message(message) => Some(message.wamid.clone()),
                        Item::Status(_) | Item::Other(_) => None,
                    }));
            }
        }
    }

    /// Notes the outcome of one POST; `failures` is how many POSTs of the same delivery came before it.
    pub(crate) fn record_post(&mut self, webhook: &Webhook, failures: u32, ending: Ending) {
        let accepted = ending == Ending::Answered(StatusCode::OK);
        match webhook.authenticity {
            Authenticity::Genuine => {}
            Authenticity::Garbage => {
                self.totals.garbage_accepted += u64::from(accepted);
                return;
            }
            _ => {
                self.totals.forged_accepted += u64::from(accepted);
                return;
            }
        }
        self.totals.posts += 1;
        self.totals.redeliveries += u64::from(failures > 0);
        match ending {
            Ending::Answered(status) => {
                *self.totals.answers.entry(status.as_u16()).or_default() += 1;
                if !accepted {
                    self.totals.refused += 1;
                    return;
                }
                self.totals.bodies_acknowledged += 1;
            }
            Ending::AnswerLost => {
                *self.totals.answers.entry(200).or_default() += 1;
                self.totals.answers_lost += 1;
            }
            Ending::Unanswered => {
                self.totals.unanswered += 1;
                return;
            }
        }
        for item in &webhook.items {
            *self.counts(item).1 += 1;
        }
    }

    pub(crate) fn record_given_up(&mut self) {
        self.totals.bodies_given_up += 1;
    }

    /// The two counts of an item, which is entered if it is new.
    fn counts(&mut self, item: &Item) -> (&mut u32, &mut u32) {
        let key = Key::of(item);
        let known = self.places.get(&key).copied();
        let (place, generated, acknowledged) = match item {
            Item::Message(message) => enter(&mut self.messages, known, message),
            Item::Status(status) => enter(&mut self.statuses, known, status),
            Item::Other(other) => enter(&mut self.other, known, other),
        };
        if known.is_none() {
            self.places.insert(key, place);
        }
        (generated, acknowledged)
    }
}

impl Key {
    fn of(item: &Item) -> Self {
        match item {
            Item::Message(message) => Key::Message {
                phone_number_id: message.phone_number_id.clone(),
                wamid: message.wamid.clone(),
            },
            Item::Status(status) => Key::Status(status.clone()),
            Item::Other(other) => Key::Other(other.number),
        }
    }
}

fn acknowledged<T>(records: &[Record<T>]) -> impl Iterator<Item = &T> {
    records
        .iter()
        .filter(|record| record.acknowledged > 0)
        .map(|record| &record.item)
}

fn enter<'a, T: Clone>(
    records: &'a mut Vec<Record<T>>,
    known: Option<usize>,
    item: &T,
) -> (usize, &'a mut u32, &'a mut u32) {
    let place = known.unwrap_or_else(|| {
        records.push(Record {
            item: item.clone(),
            generated: 0,
            acknowledged: 0,
        });
        records.len() - 1
    });
    let record = &mut records[place];
    (place, &mut record.generated, &mut record.acknowledged)
}
