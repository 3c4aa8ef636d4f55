//! The generator: an endless, seeded stream of webhooks. It knows no HTTP.
//!
//! `author` makes changes, `schedule` says when each has its turn, and this file wraps them into bodies as the
//! manners demand. Everything that a seed decides is decided here, in order, on one thread.

mod account;
mod author;
mod change;
mod echoes;
mod envelope;
mod history;
mod line;
mod messages;
mod oddities;
mod routes;
mod schedule;
mod shape;
mod statuses;

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Bytes;

use self::author::{Author, Writer};
pub(crate) use self::change::Change;
pub(crate) use self::envelope::Envelope;
pub(crate) use self::line::{Line, object};
pub(crate) use self::routes::Routes;
use self::schedule::Schedule;
pub use self::shape::Shape;
pub(crate) use self::statuses::{Fate, LATE_FAILURES, Telling};
use crate::chance::Chance;
use crate::people::Customer;
use crate::webhook::{Authenticity, Webhook};
use crate::{Encoding, MAX_BODY, MAX_ITEMS, Manners, SimConfig};

/// How many earlier webhooks and changes may come again.
const REPEATABLE: usize = 64;

/// An endless stream of webhooks; also an [`Iterator`].
#[derive(Clone, Debug)]
pub struct Traffic {
    chance: Chance,
    encoding: Encoding,
    manners: Manners,
    author: Author,
    schedule: Schedule,
    routes: Routes,
    /// Items other than messages and statuses, so far.
    others: u64,
    sent_changes: VecDeque<Arc<Change>>,
    sent_webhooks: VecDeque<Webhook>,
}

impl Traffic {
    /// The settings about delivery are not looked at. An empty crowd of customers becomes a crowd of one.
    pub fn new(config: &SimConfig) -> Self {
        let mut chance = Chance::new(config.seed);
        Self {
            author: Author::new(config, &mut chance),
            chance,
            encoding: config.encoding,
            manners: config.manners.clone(),
            schedule: Schedule::default(),
            routes: Routes::default(),
            others: 0,
            sent_changes: VecDeque::new(),
            sent_webhooks: VecDeque::new(),
        }
    }

    pub fn customers(&self) -> &[Customer] {
        self.author.people()
    }

    pub fn manners(&self) -> &Manners {
        &self.manners
    }

    pub fn set_manners(&mut self, manners: Manners) {
        self.manners = manners;
    }

    /// The next webhook. There always is one.
    pub fn next_webhook(&mut self) -> Webhook {
        if let Some(authenticity) = self.impostor() {
            return self.forge(authenticity);
        }
        if self.chance.happens(self.manners.duplicate_bodies) && !self.sent_webhooks.is_empty() {
            let place = self.chance.index(self.sent_webhooks.len());
            return self.sent_webhooks[place].clone();
        }
        let changes = self.gather();
        self.genuine(changes)
    }

    /// The webhooks still owed: statuses of messages already told of, and changes that were held back. One change each.
    pub fn rest(&mut self) -> Vec<Webhook> {
        let mut webhooks = Vec::new();
        while let Some(change) = self.schedule.take_any() {
            webhooks.push(self.genuine(vec![change]));
        }
        webhooks
    }

    /// Makes a customer write now: a webhook of that one message, outside the stream's own plan.
    ///
    /// `words` takes the place of the invented text, caption, title or emoji where the shape has one.
    /// There is none if there is no customer of that number.
    pub fn write(&mut self, customer: usize, shape: Shape, words: Option<&str>) -> Option<Webhook> {
        self.write_to(None, customer, shape, words)
    }

    /// The same, to another number than the configured one.
    pub(crate) fn write_to(
        &mut self,
        line: Option<&Line>,
        customer: usize,
        shape: Shape,
        words: Option<&str>,
    ) -> Option<Webhook> {
        let writer = Writer {
            customer,
            line,
            shape,
            words,
        };
        let change = self.author.message(writer, &mut self.chance)?;
        Some(self.genuine(vec![Arc::new(change)]))
    }

    /// Makes a customer call the business now: a webhook of that one event. There is none if there is no customer of that number.
    pub fn call(&mut self, customer: usize) -> Option<Webhook> {
        let mut change = self.author.call(customer, &mut self.chance)?;
        self.number(&mut change);
        Some(self.genuine(vec![Arc::new(change)]))
    }

    /// Tells items other than messages and statuses apart.
    fn number(&mut self, change: &mut Change) {
        for item in &mut change.items {
            if let crate::Item::Other(other) = item {
                self.others += 1;
                other.number = self.others;
            }
        }
    }

    /// Where files lie from now on: scheme and host of the Graph API. None leaves addresses out of webhooks.
    pub(crate) fn set_origin(&mut self, origin: Option<&str>) {
        self.author.set_origin(origin);
    }

    pub(crate) fn set_routes(&mut self, routes: Routes) {
        self.routes = routes;
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.author.advance(seconds);
    }

    pub(crate) fn business_wrote(&mut self, customer: usize, wamid: &str) {
        self.author.business_wrote(customer, wamid);
    }

    /// Whether the next body is not Meta's, by the knobs for it.
    fn impostor(&mut self) -> Option<Authenticity> {
        let knobs = [
            (Authenticity::WrongSecret, self.manners.wrong_secrets),
            (Authenticity::BadSignature, self.manners.bad_signatures),
            (Authenticity::Unsigned, self.manners.unsigned),
            (Authenticity::Garbage, self.manners.garbage),
        ];
        knobs
            .into_iter()
            .find_map(|(authenticity, knob)| self.chance.happens(knob).then_some(authenticity))
    }

    fn forge(&mut self, authenticity: Authenticity) -> Webhook {
        // What a lie names cannot be downloaded.
        let (body, items) = match authenticity {
            Authenticity::Garbage => (self.author.garbage(self.encoding, &mut self.chance), Vec::new()),
            _ => {
                let change = Arc::new(self.author.lie(&mut self.chance));
                (
                    self.encoding
                        .encode(&Envelope::of(std::slice::from_ref(&change), || false)),
                    change.items.clone(),
                )
            }
        };
        Webhook {
            body: Bytes::from(body),
            items,
            files: Vec::new(),
            callback_url: None,
            authenticity,
            legacy_header: false,
            answer_is_lost: false,
        }
    }

    /// The changes of one POST: mostly a single one.
    fn gather(&mut self) -> Vec<Arc<Change>> {
        let first = self.next_change();
        let limit = self.manners.batch_items.min(MAX_ITEMS);
        if !self.chance.happens(self.manners.batch) || limit < 2 {
            return vec![first];
        }
        let mut count = first.items.len();
        let mut changes = vec![first];
        let target = self.batch_size(limit);
        while count < target {
            let change = self.repeated_change().unwrap_or_else(|| self.next_change());
            if count + change.items.len() > limit {
                self.schedule.put_back(vec![change]);
                break;
            }
            count += change.items.len();
            changes.push(change);
        }
        if self.chance.happens(self.manners.reorder) {
            self.chance.shuffle(&mut changes);
        }
        changes
    }

    /// Small batches are as likely as large ones on a logarithmic scale, and the largest is reached now and then.
    fn batch_size(&mut self, limit: usize) -> usize {
        let largest = f64::from(u32::try_from(limit).unwrap_or(u32::MAX));
        let size = self.chance.between(2f64.ln()..=(largest * 1.3).ln()).exp();
        (size as usize).clamp(2, limit)
    }

    fn repeated_change(&mut self) -> Option<Arc<Change>> {
        if !self.chance.happens(self.manners.duplicate_items) || self.sent_changes.is_empty() {
            return None;
        }
        let place = self.chance.index(self.sent_changes.len());
        Some(self.sent_changes[place].clone())
    }

    /// The next change whose turn it is, after making as many as it takes.
    fn next_change(&mut self) -> Arc<Change> {
        let change = loop {
            self.schedule.advance();
            if let Some(change) = self.schedule.take_due() {
                break change;
            }
            for (steps, mut change) in self.author.write_on(&self.manners, &mut self.chance) {
                self.number(&mut change);
                self.schedule.after(steps, change);
            }
        };
        if self.manners.duplicate_items > 0.0 {
            self.sent_changes.push_front(change.clone());
            self.sent_changes.truncate(REPEATABLE);
        }
        change
    }

    fn genuine(&mut self, mut changes: Vec<Arc<Change>>) -> Webhook {
        let callback_url = changes.first().and_then(|first| self.routes.of(first));
        if !self.routes.is_empty() {
            // One POST goes to one place.
            let is_elsewhere = |change: &mut Arc<Change>| self.routes.of(change) != callback_url;
            let elsewhere = changes.extract_if(.., is_elsewhere).collect();
            self.schedule.put_back(elsewhere);
        }
        let (body, told) = loop {
            let (body, told) = self.wrap(&changes);
            if body.len() <= MAX_BODY || changes.len() == 1 {
                break (body, told);
            }
            self.schedule.put_back(changes.split_off(changes.len() / 2));
        };
        let webhook = Webhook {
            body: Bytes::from(body),
            items: told.iter().flat_map(|change| change.items.iter().cloned()).collect(),
            files: told.iter().flat_map(|change| change.files.iter().cloned()).collect(),
            callback_url,
            authenticity: Authenticity::Genuine,
            legacy_header: self.chance.happens(self.manners.legacy_header),
            answer_is_lost: self.chance.happens(self.manners.lost_answers),
        };
        if self.manners.duplicate_bodies > 0.0 {
            self.sent_webhooks.push_front(webhook.clone());
            self.sent_webhooks.truncate(REPEATABLE);
        }
        webhook
    }

    /// Tells neighbouring changes as one value, and puts values into one entry, where Meta might.
    fn wrap(&mut self, changes: &[Arc<Change>]) -> (Vec<u8>, Vec<Arc<Change>>) {
        let mut merged: Vec<Arc<Change>> = Vec::with_capacity(changes.len());
        for change in changes {
            match merged.last_mut() {
                Some(last) if last.merges_with(change) && self.chance.happens(0.6) => Arc::make_mut(last).merge(change),
                _ => merged.push(change.clone()),
            }
        }
        let body = self
            .encoding
            .encode(&Envelope::of(&merged, || self.chance.happens(0.5)));
        (body, merged)
    }
}

impl Iterator for Traffic {
    type Item = Webhook;

    fn next(&mut self) -> Option<Webhook> {
        Some(self.next_webhook())
    }
}
