//! Senders that behave like the send job, with a simulated clock: rows are due, workers take due rows in batches of at most a hundred, the
//! higher lane first, and rows that must wait are retried at the time of their reservation.

use std::collections::BTreeSet;

use super::fixture::{LimiterFixture, MS, request};
use crate::driver::{DriverRequest, RecipientDigest, SlotDecision};
use mainstay_core::domain::SendLane;

const BATCH: usize = 100;
const WORKERS: usize = 3;

pub struct Row {
    pub lane: SendLane,
    recipient: RecipientDigest,
    has_reservation: bool,
    pub born: i64,
    pub asked: u32,
    pub slot: Option<i64>,
}

pub struct Simulation {
    pub fixture: LimiterFixture,
    pub rows: Vec<Row>,
    /// Per lane: when, and which row.
    due: [BTreeSet<(i64, usize)>; 3],
    /// When each worker polls next.
    workers: [i64; WORKERS],
    random: u64,
    pub calls: usize,
    /// Whether workers make reserved rows due when a change is reported.
    pub applies_changes: bool,
}

impl Simulation {
    pub fn new(fixture: LimiterFixture) -> Self {
        Self {
            workers: [fixture.now; WORKERS],
            fixture,
            rows: Vec::new(),
            due: Default::default(),
            random: 0x9E37_79B9_7F4A_7C15,
            calls: 0,
            applies_changes: true,
        }
    }

    /// Adds rows to new recipients, due at a time.
    pub fn add(&mut self, lane: SendLane, count: usize, at: i64) {
        for _ in 0..count {
            self.due[lane.index()].insert((at, self.rows.len()));
            let recipient = self.fixture.new_recipient();
            self.rows.push(Row {
                lane,
                recipient,
                has_reservation: false,
                born: at,
                asked: 0,
                slot: None,
            });
        }
    }

    /// Adds rows that become due one after the other.
    pub fn add_evenly(&mut self, lane: SendLane, per_second: f64, from: i64, to: i64) {
        let mut at = from as f64;
        while at < to as f64 {
            self.add(lane, 1, at as i64);
            at += 1e6 / per_second;
        }
    }

    /// Runs until nothing is due any more, or until this time.
    pub async fn run(&mut self, until: i64) {
        loop {
            let worker = (0..WORKERS)
                .min_by_key(|worker| self.workers[*worker])
                .expect("some work");
            let first = self.due.iter().filter_map(|lane| lane.first()).map(|(at, _)| *at).min();
            let Some(first) = first.filter(|first| *first < until) else {
                break;
            };
            if self.workers[worker] < first {
                // Workers poll often, but not continuously.
                self.workers[worker] = first + self.up_to(50 * MS);
            }
            if self.workers[worker] >= until {
                break;
            }
            self.fixture.now = self.fixture.now.max(self.workers[worker]);
            let taken = self.work().await;
            let rest = if taken == BATCH { 2 * MS } else { 10 * MS };
            self.workers[worker] = self.fixture.now + rest + self.up_to(rest);
        }
        self.fixture.now = self.fixture.now.max(until.min(self.fixture.now + 3_600_000 * MS));
    }

    /// Runs one batch of one worker.
    async fn work(&mut self) -> usize {
        let now = self.fixture.now;
        let mut batch = Vec::new();
        for lane in &mut self.due {
            while batch.len() < BATCH
                && let Some((at, row)) = lane.first().copied()
                && at <= now
            {
                lane.pop_first();
                batch.push(row);
            }
        }
        if batch.is_empty() {
            return 0;
        }
        let requests: Vec<DriverRequest> = batch.iter().map(|row| self.rows[*row].request()).collect();
        let decisions = self.fixture.decide(&requests).await;
        self.calls += 1;
        for (row, decision) in batch.iter().zip(&decisions.each) {
            let this = &mut self.rows[*row];
            this.asked += 1;
            match decision {
                SlotDecision::Slot { at, .. } => this.slot = Some(*at),
                SlotDecision::Later { at, .. } => {
                    this.has_reservation = true;
                    self.due[this.lane.index()].insert((*at, *row));
                }
            }
        }
        if let Some(change) = decisions.change.filter(|_| self.applies_changes) {
            self.make_due();
            let applied = self.fixture.driver.mark_applied(&self.fixture.number, change).await;
            applied.expect("the driver answers");
        }
        batch.len()
    }

    fn make_due(&mut self) {
        for lane in &mut self.due {
            let ahead = lane.split_off(&(self.fixture.now, usize::MAX));
            for (_, row) in ahead {
                let born = self.rows[row].born.max(self.fixture.now);
                self.rows[row].has_reservation = false;
                lane.insert((born, row));
            }
        }
    }

    /// Returns the slots of a lane, or of all.
    pub fn slots(&self, lane: Option<SendLane>) -> Vec<i64> {
        let of = self.rows.iter().filter(|row| lane.is_none_or(|lane| row.lane == lane));
        of.filter_map(|row| row.slot).collect()
    }

    /// Counts the slots of a lane within a time.
    pub fn count(&self, lane: SendLane, from: i64, to: i64) -> usize {
        let within = |at: &i64| (from..to).contains(at);
        self.slots(Some(lane)).into_iter().filter(within).count()
    }

    pub fn asked(&self, lane: SendLane) -> f64 {
        let of: Vec<u32> = self
            .rows
            .iter()
            .filter(|row| row.lane == lane)
            .map(|row| row.asked)
            .collect();
        of.iter().map(|asked| f64::from(*asked)).sum::<f64>() / of.len() as f64
    }

    fn up_to(&mut self, most: i64) -> i64 {
        // Marsaglia's xorshift: the same history in every run.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % most as u64) as i64
    }
}

impl Row {
    fn request(&self) -> DriverRequest {
        request(self.recipient, self.lane, self.has_reservation)
    }
}
