//! Messages from customers: what is common to all types, and which file makes which shape.

mod gestures;
mod interactive;
mod media;
mod system;
mod text;
mod things;

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::change::Change;
use super::line::Line;
use super::shape::Shape;
use crate::chance::{Chance, Direction};
use crate::people::Customer;
use crate::talk::Thread;
use crate::{InboundFile, Item, Message, Source};

pub(super) use text::group_id;

/// What a customer and the business remember of each other, so that replies, edits and reactions name real messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub thread: Thread,
    from_customer: VecDeque<String>,
    from_business: VecDeque<String>,
}

impl Memory {
    const LENGTH: usize = 8;

    pub fn customer_wrote(&mut self, wamid: &str) {
        Self::remember(&mut self.from_customer, wamid);
    }

    pub fn business_wrote(&mut self, wamid: &str) {
        Self::remember(&mut self.from_business, wamid);
    }

    /// A message the customer wrote; an invented one if there is none, as happens to a business that joined later.
    pub fn customers_own(&self, chance: &mut Chance) -> String {
        Self::recall(&self.from_customer, Direction::FromCustomer, chance)
    }

    /// A message the business wrote, or an invented one.
    pub fn businesses_own(&self, chance: &mut Chance) -> String {
        Self::recall(&self.from_business, Direction::FromBusiness, chance)
    }

    fn remember(wamids: &mut VecDeque<String>, wamid: &str) {
        wamids.push_front(wamid.to_owned());
        wamids.truncate(Self::LENGTH);
    }

    fn recall(wamids: &VecDeque<String>, direction: Direction, chance: &mut Chance) -> String {
        match wamids.len() {
            0 => chance.wamid(direction),
            len => wamids[chance.index(len)].clone(),
        }
    }
}

/// Everything at hand while one message is made.
pub(super) struct Scene<'a> {
    pub chance: &'a mut Chance,
    pub customer: &'a mut Customer,
    pub memory: &'a mut Memory,
    pub line: &'a Line,
    pub timestamp: i64,
    /// Scheme and host where files are downloaded; None leaves addresses out.
    pub origin: Option<&'a str>,
    /// What the message names so far.
    pub files: Vec<InboundFile>,
}

impl Scene<'_> {
    /// Makes a change with one message. `words` replaces the invented text in shapes that carry any.
    pub fn message(&mut self, shape: Shape, words: Option<&str>) -> Change {
        // A system message speaks of the number before the change, and is the one kind without contacts.
        let from = self.customer.shown_wa_id().map(str::to_owned);
        let user_id = self.customer.user_id.clone();
        let wamid = self.chance.wamid(Direction::FromCustomer);

        let mut message = self.content(shape, words);
        message.insert("id".to_owned(), json!(wamid));
        message.insert("timestamp".to_owned(), json!(self.timestamp.to_string()));
        message.insert("type".to_owned(), json!(shape.message_type()));
        let mut value = self.line.value();
        let from = match shape {
            Shape::UserIdChange => None,
            _ => from,
        };
        if let Some(from) = &from {
            message.insert("from".to_owned(), json!(from));
        }
        if shape.message_type() != "system" {
            message.insert("from_user_id".to_owned(), json!(user_id));
            value.insert("contacts".to_owned(), json!([self.customer.contact(true)]));
        }
        value.insert("messages".to_owned(), json!([message]));

        if !matches!(
            shape.message_type(),
            "reaction" | "edit" | "revoke" | "system" | "request_welcome"
        ) {
            self.memory.customer_wrote(&wamid);
        }
        let item = Message {
            phone_number_id: self.line.phone_number_id.clone(),
            wamid,
            source: Source::Inbound,
            message_type: shape.message_type().to_owned(),
            shape: Some(shape),
            from,
            user_id,
            timestamp: self.timestamp,
        };
        let files = std::mem::take(&mut self.files);
        Change::of_number(self.line, "messages", value, vec![Item::Message(item)]).naming(files)
    }

    /// The keys that belong to the shape: the payload under the name of the type, `context`, `referral`, `errors`.
    fn content(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        use Shape::*;
        match shape {
            Text | LongText | Reply | Forwarded | FrequentlyForwarded | ProductEnquiry | FromAd | InGroup => {
                self.text(shape, words)
            }
            Image | FailedMedia | Audio | VoiceNote | Video | Document | Sticker | AnimatedSticker
            | MediaPlaceholder => self.media(shape, words),
            Location | Contacts | SharedContact | Order => self.thing(shape, words),
            ButtonReply | ListReply | FlowReply | AddressReply | CallPermissionReply | Button => {
                self.interactive(shape, words)
            }
            Reaction | ReactionDropped | ReactionEmptied | Edit | Revoke => self.gesture(shape, words),
            NumberChange | UserIdChange | IdentityChange => self.system(shape),
            RequestWelcome | Unsupported | Unknown | UnheardOf => self.unreadable(shape),
        }
    }

    /// The customer's next line, unless words were given.
    fn words(&mut self, given: Option<&str>) -> String {
        match given {
            Some(words) => words.to_owned(),
            None => {
                let chance = &mut *self.chance;
                self.memory
                    .thread
                    .next_line(&self.customer.country, |topics| chance.index(topics))
                    .to_owned()
            }
        }
    }

    /// `context` of a message that answers one of the business's. People who hide their phone lose `from` here too.
    fn context(&mut self) -> Value {
        let id = self.memory.businesses_own(self.chance);
        match self.customer.hides_phone {
            true => json!({"id": id}),
            false => json!({"from": self.line.display_phone_number, "id": id}),
        }
    }
}
