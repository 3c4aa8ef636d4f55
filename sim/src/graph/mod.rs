//! The Graph API: what the business asks of Meta, and what Meta holds it to.
//!
//! - `endpoints` is the inventory of calls, `request` and `answer` are the wire, `refusal` is Meta's form of an error;
//! - `validation` checks the form of messages, `messages` decides on them and keeps account of them;
//! - `limits` counts, `enforcement` says which limits count, `tokens` opens doors;
//! - `accounts`, `templates` and `media` are what there is besides messages;
//! - `statuses` tells what becomes of sends, `faults` spoils calls on demand, `handle` is the Rust interface.
//!
//! Locks are held for a few instructions at a time, never across parsing, I/O or an await.

mod accounts;
mod answer;
mod config;
mod endpoints;
mod enforcement;
mod faults;
mod handle;
mod limits;
mod media;
mod messages;
mod names;
mod news;
mod paging;
mod people;
mod refusal;
mod request;
mod statuses;
mod templates;
mod time;
mod tokens;
mod validation;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

pub use accounts::{NumberPatch, Trouble};
pub(crate) use answer::Lost;
pub use config::{GraphConfig, Level, MessagingLimit, NumberSeed};
pub(crate) use endpoints::answer;
pub use enforcement::{Enforcement, Way};
pub use faults::{ActiveFault, Area, Fault, FaultRule};
pub use handle::Summary;
pub use messages::{AcceptedSend, By, Counts, ReadReceipt};
pub use statuses::{Echo, StatusPolicy};
pub use templates::{Category, Moderation, TemplatePatch, TemplateSeed, TemplateStatus, Verdict};
pub use tokens::{Scope, TokenSeed};

use self::accounts::{Account, Number};
use self::faults::Faults;
use self::limits::Portfolio;
use self::media::Media;
use self::messages::Sends;
use self::names::Names;
use self::people::People;
use self::refusal::Refusal;
use self::statuses::{Event, Queue};
use self::templates::Shelf;
use self::time::Time;
use self::tokens::Tokens;
use crate::chance::Chance;
use crate::simulator::lock;
use crate::traffic::{Line, Routes};
use crate::{Clock, Customer, SimConfig};

/// The Graph API of one portfolio: everything it knows, and what can be done to it from outside.
#[derive(Debug)]
pub struct Graph {
    config: GraphConfig,
    /// The configured number.
    line: Line,
    /// The app's own.
    callback_url: String,
    /// Overrides of it, as numbers and accounts have them.
    routes: RwLock<Arc<Routes>>,
    pub(crate) time: Time,
    names: Names,
    dice: Mutex<Chance>,
    enforcement: RwLock<Enforcement>,
    policy: RwLock<Arc<StatusPolicy>>,
    moderation: Mutex<Moderation>,
    tokens: Mutex<Tokens>,
    numbers: RwLock<HashMap<String, Arc<Number>>>,
    accounts: Mutex<BTreeMap<String, Arc<Account>>>,
    portfolio: Mutex<Portfolio>,
    people: Mutex<People>,
    /// Hashes of `(phone_number_id, wamid)`: messages that can be read and reacted to.
    known: Mutex<HashSet<u64>>,
    hashing: RandomState,
    templates: Mutex<Shelf>,
    media: Mutex<Media>,
    faults: Faults,
    sends: Mutex<Sends>,
    /// Own refusals and those asked for, by code.
    refusals: Mutex<BTreeMap<i64, u64>>,
    injected: Mutex<BTreeMap<i64, u64>>,
    /// Calls of every kind.
    calls: AtomicU64,
    announced: AtomicU64,
    queue: Queue,
}

impl Graph {
    pub(crate) fn new(sim: &SimConfig, customers: &[Customer]) -> Self {
        let config = sim.graph.clone();
        let time = Time::new(sim.clock);
        // Another run by the wall clock must not give its messages the ids of this one.
        let seed = match sim.clock {
            Clock::Wall => sim.seed ^ time.now().unsigned_abs().rotate_left(20),
            Clock::From(_) | Clock::Still(_) => sim.seed,
        };
        let graph = Self {
            line: Line::configured(sim),
            callback_url: sim.callback_url.clone(),
            routes: RwLock::default(),
            time,
            names: Names::new(seed),
            dice: Mutex::new(Chance::new(!seed)),
            enforcement: RwLock::new(config.enforcement),
            policy: RwLock::new(Arc::new(config.statuses.clone())),
            moderation: Mutex::new(config.moderation.clone()),
            tokens: Mutex::default(),
            numbers: RwLock::default(),
            accounts: Mutex::default(),
            portfolio: Mutex::default(),
            people: Mutex::default(),
            known: Mutex::default(),
            hashing: RandomState::new(),
            templates: Mutex::default(),
            media: Mutex::default(),
            faults: Faults::default(),
            sends: Mutex::default(),
            refusals: Mutex::default(),
            injected: Mutex::default(),
            calls: AtomicU64::new(0),
            announced: AtomicU64::new(0),
            queue: Queue::new(),
            config,
        };
        graph.furnish();
        lock(&graph.people).learn(customers);
        graph
    }

    /// What is there from the start: the token, the numbers, the templates.
    fn furnish(&self) {
        let config = &self.config;
        self.set_token(TokenSeed::full(&config.access_token));
        self.ensure_account(&self.line.waba_id);
        self.enter_number(Number::new(self.line.clone(), config.level, &config.verified_name));
        for number in &config.more_numbers {
            self.add_number(number.clone());
        }
        for template in &config.templates {
            self.add_template(&self.line.waba_id, template.clone());
        }
    }

    fn ensure_account(&self, waba_id: &str) {
        let mut accounts = lock(&self.accounts);
        if !accounts.contains_key(waba_id) {
            accounts.insert(waba_id.to_owned(), Arc::new(Account::new(waba_id)));
        }
    }

    fn enter_number(&self, number: Number) {
        let mut numbers = self.numbers.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Entry::Vacant(place) = numbers.entry(number.line.phone_number_id.clone()) {
            place.insert(Arc::new(number));
        }
    }

    fn number(&self, id: &str) -> Result<Arc<Number>, Refusal> {
        let numbers = self.numbers.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        numbers.get(id).cloned().ok_or_else(|| Refusal::no_object(id))
    }

    /// The ids a change of that number is addressed to.
    pub(crate) fn line_of(&self, phone_number_id: &str) -> Option<Line> {
        self.number(phone_number_id).ok().map(|number| number.line.clone())
    }

    /// All of them, by id.
    fn numbers(&self) -> Vec<Arc<Number>> {
        let numbers = self.numbers.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut all: Vec<Arc<Number>> = numbers.values().cloned().collect();
        all.sort_by(|one, other| one.line.phone_number_id.cmp(&other.line.phone_number_id));
        all
    }

    fn policy(&self) -> Arc<StatusPolicy> {
        self.policy
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    pub(crate) fn routes(&self) -> Arc<Routes> {
        self.routes
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    /// To what statuses are rounded up so that they share a POST.
    fn grain(&self) -> Duration {
        let policy = self.policy();
        match policy.per_post {
            0 | 1 => Duration::ZERO,
            _ => Duration::from_millis(policy.gather_ms),
        }
    }

    fn schedule(&self, wait: Duration, event: Event) {
        self.queue.after(wait, Duration::ZERO, event);
    }

    /// Keeps a message of a number in mind. False if it was known.
    fn remember(&self, phone_number_id: &str, wamid: &str) -> bool {
        let hash = self.hashing.hash_one((phone_number_id, wamid));
        lock(&self.known).insert(hash)
    }

    fn knows(&self, phone_number_id: &str, wamid: &str) -> bool {
        let hash = self.hashing.hash_one((phone_number_id, wamid));
        lock(&self.known).contains(&hash)
    }

    /// `message_status` of an answer: templates have one, if anything has.
    fn message_status(&self, draft: &validation::Draft, is_held: bool) -> Option<&'static str> {
        let is_template = draft.kind == validation::Kind::Template;
        match (is_held, is_template && self.policy().message_status) {
            (true, _) => Some("held_for_quality_assessment"),
            (false, true) => Some("accepted"),
            (false, false) => None,
        }
    }
}
