//! Who decides what happens next among the customers and the business.

use std::time::{SystemTime, UNIX_EPOCH};

use super::account::{self, Office};
use super::change::Change;
use super::echoes::Echo;
use super::line::Line;
use super::messages::{Memory, Scene};
use super::shape::Shape;
use super::statuses::{Fate, Telling};
use super::{history, oddities};
use crate::chance::Chance;
use crate::people::{self, Customer};
use crate::{Clock, Encoding, Manners, Mix, SimConfig};

/// A message of the business is told of this many seconds after it was written, so that its statuses are not of the future.
const TOLD_AFTER: i64 = 8;

/// A change, and after how many steps it is due.
type Planned = (u64, Change);

#[derive(Clone, Debug)]
pub(super) struct Author {
    clock: Clock,
    /// Unix seconds of a clock that does not follow the wall.
    now: i64,
    mix: Mix,
    line: Line,
    people: Vec<Customer>,
    memories: Vec<Memory>,
    /// Scheme and host where files are downloaded; None leaves addresses out.
    origin: Option<String>,
    /// How far the clock was put forward, in seconds.
    ahead: i64,
}

/// Who is to write, to whom and what.
pub(super) struct Writer<'a> {
    pub customer: usize,
    /// None for the configured number.
    pub line: Option<&'a Line>,
    pub shape: Shape,
    /// In place of the invented words.
    pub words: Option<&'a str>,
}

#[derive(Clone, Copy)]
enum Sort {
    Message,
    Echo,
    Status,
    GroupStatus,
    History,
    Account,
    Error,
    Oddity,
}

impl Author {
    pub fn new(config: &SimConfig, chance: &mut Chance) -> Self {
        let people = people::invent(config.customers.max(1), chance);
        Self {
            clock: config.clock,
            now: match config.clock {
                Clock::From(start) | Clock::Still(start) => start,
                Clock::Wall => 0,
            },
            mix: config.mix.clone(),
            line: Line::configured(config),
            memories: vec![Memory::default(); people.len()],
            people,
            origin: Some(crate::file::META_ORIGIN.to_owned()),
            ahead: 0,
        }
    }

    pub fn people(&self) -> &[Customer] {
        &self.people
    }

    /// Where files lie from now on: scheme and host.
    pub fn set_origin(&mut self, origin: Option<&str>) {
        self.origin = origin.map(str::to_owned);
    }

    /// Puts the clock forward.
    pub fn advance(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.now += seconds;
    }

    /// Keeps the id of a message the business sent, so that the customer may answer it.
    pub fn business_wrote(&mut self, customer: usize, wamid: &str) {
        if let Some(memory) = self.memories.get_mut(customer) {
            memory.business_wrote(wamid);
        }
    }

    /// A message from one customer, now, to the configured number or another one.
    pub fn message(&mut self, writer: Writer<'_>, chance: &mut Chance) -> Option<Change> {
        let Writer {
            customer,
            line,
            shape,
            words,
        } = writer;
        let timestamp = self.tick(chance);
        Some(
            Scene {
                chance,
                customer: self.people.get_mut(customer)?,
                memory: self.memories.get_mut(customer)?,
                line: line.unwrap_or(&self.line),
                timestamp,
                origin: self.origin.as_deref(),
                files: Vec::new(),
            }
            .message(shape, words),
        )
    }

    /// The customer of that place calls the business.
    pub fn call(&mut self, customer: usize, chance: &mut Chance) -> Option<Change> {
        let now = self.tick(chance);
        Some(account::call(Office {
            chance,
            customer: self.people.get(customer)?,
            line: &self.line,
            now,
        }))
    }

    /// A message that nobody wrote and nobody remembers.
    pub fn lie(&mut self, chance: &mut Chance) -> Change {
        let timestamp = self.tick(chance);
        let place = chance.index(self.people.len());
        let (mut customer, mut memory) = (self.people[place].clone(), self.memories[place].clone());
        Scene {
            chance,
            customer: &mut customer,
            memory: &mut memory,
            line: &self.line,
            timestamp,
            origin: self.origin.as_deref(),
            files: Vec::new(),
        }
        .message(Shape::Text, None)
    }

    pub fn garbage(&self, encoding: Encoding, chance: &mut Chance) -> Vec<u8> {
        oddities::garbage(&self.line, encoding, chance)
    }

    /// Something happens; all that Meta will tell of it, planned.
    pub fn write_on(&mut self, manners: &Manners, chance: &mut Chance) -> Vec<Planned> {
        let sort = chance.weighted(&[
            (Sort::Message, self.mix.messages),
            (Sort::Echo, self.mix.echoes),
            (Sort::Status, self.mix.statuses.div_ceil(2)),
            (Sort::GroupStatus, self.mix.statuses / 2),
            (Sort::History, self.mix.history),
            (Sort::Account, self.mix.account),
            (Sort::Error, self.mix.errors),
            (Sort::Oddity, self.mix.oddities),
        ]);
        let now = self.tick(chance);
        let line = match chance.happens(manners.unknown_phone_numbers) {
            true => Line::invented(chance),
            false => self.line.clone(),
        };
        let place = chance.index(self.people.len());
        let customer = &mut self.people[place];
        let single = match sort.unwrap_or(Sort::Message) {
            Sort::Message => {
                let shape = self.mix.shape(chance);
                let memory = &mut self.memories[place];
                Scene {
                    chance,
                    customer,
                    memory,
                    line: &line,
                    timestamp: now,
                    origin: self.origin.as_deref(),
                    files: Vec::new(),
                }
                .message(shape, None)
            }
            Sort::Echo => {
                let start = now - TOLD_AFTER;
                let memory = &mut self.memories[place];
                let echo = Scene {
                    chance,
                    customer,
                    memory,
                    line: &line,
                    timestamp: start,
                    origin: self.origin.as_deref(),
                    files: Vec::new(),
                }
                .echo();
                let fate = Fate::of(&echo.wamid, &line, customer, chance);
                return story(echo, &fate, start, manners, chance);
            }
            Sort::Status => {
                let start = now - TOLD_AFTER;
                let fate = Fate::of_stranger(&line, customer, chance);
                let statuses = fate.changes(Fate::path(false, chance), start, chance);
                return in_turn(statuses, 0, manners, chance);
            }
            Sort::GroupStatus => {
                let members: Vec<Customer> = (0..self.people.len().min(4))
                    .map(|next| self.people[(place + next) % self.people.len()].clone())
                    .collect();
                let status = *chance.pick(&["delivered", "read"]);
                Fate::of_stranger(&line, &members[0], chance).group_change(&members, &Telling::bare(status, now))
            }
            Sort::History => return self.history(place, &line, now, manners, chance),
            Sort::Account => account::change(Office {
                chance,
                customer,
                line: &line,
                now,
            }),
            Sort::Error => oddities::value_error(&line, now, chance),
            Sort::Oddity => oddities::oddity(&line, customer, now, chance),
        };
        vec![(delay(manners, chance), single)]
    }

    fn history(&mut self, place: usize, line: &Line, now: i64, manners: &Manners, chance: &mut Chance) -> Vec<Planned> {
        if chance.happens(0.1) {
            return vec![(0, history::declined(line, now))];
        }
        let crowd = chance.between(1..=3).min(self.people.len());
        let people: Vec<Customer> = (0..crowd)
            .map(|next| self.people[(place + next) % self.people.len()].clone())
            .collect();
        // A receiver that is spared batches is spared heaps of history too.
        let largest = manners.batch_items.clamp(12, crate::MAX_ITEMS);
        let size = if chance.happens(0.1) {
            largest
        } else {
            chance.between(3..=12)
        };
        let chunk = history::chunk(line, &people, size, now, chance);
        let mut planned = vec![(delay(manners, chance), chunk.change)];
        planned.extend(in_turn(chunk.late_media, 3, manners, chance));
        planned
    }

    /// Unix seconds. A clock of its own moves on with each change, so that no two changes are the same by accident.
    fn tick(&mut self, chance: &mut Chance) -> i64 {
        let passed = chance.between(1..=3);
        match self.clock {
            Clock::From(_) | Clock::Still(_) => {
                self.now += passed;
                self.now
            }
            Clock::Wall => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
                .saturating_add(self.ahead),
        }
    }
}

impl Mix {
    fn shape(&self, chance: &mut Chance) -> Shape {
        let weights: Vec<(Shape, u32)> = Shape::all()
            .filter(|shape| self.shapes.is_empty() || self.shapes.contains(shape))
            .map(|shape| (shape, shape.weight()))
            .collect();
        chance.weighted(&weights).unwrap_or(Shape::Text)
    }
}

/// The echo, then its statuses; or, from a rude sender, a status first.
fn story(echo: Echo, fate: &Fate, start: i64, manners: &Manners, chance: &mut Chance) -> Vec<Planned> {
    let early = chance.happens(manners.early_statuses);
    let echo_after = delay(manners, chance);
    let mut planned = Vec::new();
    if echo.has_statuses {
        let statuses = fate.changes(Fate::path(echo.voice, chance), start, chance);
        planned = in_turn(statuses, echo_after + 1, manners, chance);
    }
    match planned.first_mut() {
        Some(first) if early => {
            first.0 = 0;
            planned.push((echo_after + 2, echo.change));
        }
        _ => planned.push((echo_after, echo.change)),
    }
    planned
}

/// Each change some steps after the one before; or, from a rude sender, in any order.
fn in_turn(changes: Vec<Change>, first: u64, manners: &Manners, chance: &mut Chance) -> Vec<Planned> {
    let mut turns = Vec::with_capacity(changes.len());
    let mut turn = first;
    for _ in &changes {
        turns.push(turn);
        turn += chance.between(1..=4);
    }
    if chance.happens(manners.reorder) {
        chance.shuffle(&mut turns);
    }
    turns.into_iter().zip(changes).collect()
}

/// How many steps a rude sender holds a change back.
fn delay(manners: &Manners, chance: &mut Chance) -> u64 {
    let steps = chance.between(2..=12);
    if chance.happens(manners.reorder) { steps } else { 0 }
}
