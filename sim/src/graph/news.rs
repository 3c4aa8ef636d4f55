//! What reaches the simulator from its own traffic, and what it tells besides statuses.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::Graph;
use super::people::Person;
use super::statuses::Event;
use crate::simulator::lock;
use crate::traffic::{Change, Line, object};
use crate::webhook::{Authenticity, Webhook};
use crate::{Caller, Customer, Item, Message, Other, Shape, Source};

/// Changes told here are numbered apart from those of the traffic.
const FIRST_NUMBER: u64 = 1 << 40;

impl Graph {
    /// Takes note of a webhook that is about to be delivered: files to hand out, messages that open windows and count
    /// against the throughput. `customers` is asked for when somebody has changed their ids.
    pub(crate) fn hear(&self, webhook: &Webhook, customers: impl FnOnce() -> Vec<Customer>) {
        if webhook.authenticity != Authenticity::Genuine {
            return;
        }
        if !webhook.files.is_empty() {
            self.keep_files(&webhook.files);
        }
        let mut someone_changed = false;
        for item in &webhook.items {
            match item {
                Item::Message(message) => {
                    self.hear_message(message);
                    someone_changed |= matches!(message.shape, Some(Shape::NumberChange | Shape::UserIdChange));
                }
                Item::Other(Other {
                    caller: Some(caller), ..
                }) => self.hear_call(caller),
                Item::Status(_) | Item::Other(_) => {}
            }
        }
        if someone_changed {
            lock(&self.people).learn(&customers());
        }
    }

    fn hear_message(&self, message: &Message) {
        // The same message in another body changes nothing.
        let is_new = self.remember(&message.phone_number_id, &message.wamid);
        if !is_new || message.source != Source::Inbound || message.message_type == "system" {
            return;
        }
        let Ok(number) = self.number(&message.phone_number_id) else {
            return;
        };
        let terms = number.terms(&self.enforcement());
        lock(&number.limits).heard(self.person(&message.user_id), self.time.now(), terms);
    }

    /// A call by a customer opens the service window as a message does, answered or not.
    fn hear_call(&self, caller: &Caller) {
        if let Ok(number) = self.number(&caller.phone_number_id) {
            lock(&number.limits).open_window(self.person(&caller.user_id), self.time.now());
        }
    }

    fn person(&self, user_id: &str) -> Person {
        match lock(&self.people).find(user_id) {
            Some((place, _)) => Person::Customer(place),
            None => Person::UserId(user_id.to_owned()),
        }
    }

    /// Tells news of an account by webhook.
    pub(super) fn announce(&self, waba_id: &str, field: &str, value: Value) {
        let detail = value["event"].as_str().unwrap_or("changed").to_owned();
        let item = Item::Other(Other {
            number: FIRST_NUMBER + self.announced.fetch_add(1, Ordering::Relaxed),
            field: field.to_owned(),
            detail,
            caller: None,
        });
        let line = Line {
            waba_id: waba_id.to_owned(),
            ..self.line.clone()
        };
        let change = Change::of_number(&line, field, object(value), vec![item]).at(self.time.seconds());
        self.queue.after(Duration::ZERO, Duration::ZERO, Event::News(change));
    }
}
