//! Senders that behave as the send job does, in a time of their own: rows are due, workers take what is due in batches of at most a
//! hundred, the higher lane first, and rows that must wait come again when they were told to.

use std::collections::BTreeSet;

use super::stage::{MS, Stage, want};
use crate::{
    domain::SendLane,
    rate_limit::driver::{Recipient, Verdict, Want},
};

const BATCH: usize = 100;
const WORKERS: usize = 3;

pub struct Row {
    pub lane: SendLane,
    recipient: Recipient,
    promised: bool,
    pub born: i64,
    pub asked: u32,
    pub slot: Option<i64>,
}

pub struct World {
    pub stage: Stage,
    pub rows: Vec<Row>,
    /// By lane: when, and which row.
    due: [BTreeSet<(i64, usize)>; 3],
    /// When each worker looks next.
    workers: [i64; WORKERS],
    chance: u64,
    pub calls: usize,
    /// Whether workers make promised rows due when they are told to.
    pub heeds_changes: bool,
}

impl World {
    pub fn new(stage: Stage) -> Self {
        Self {
            workers: [stage.now; WORKERS],
            stage,
            rows: Vec::new(),
            due: Default::default(),
            chance: 0x9E37_79B9_7F4A_7C15,
            calls: 0,
            heeds_changes: true,
        }
    }

    /// Rows to strangers that are due at a time.
    pub fn add(&mut self, lane: SendLane, count: usize, at: i64) {
        for _ in 0..count {
            self.due[lane.index()].insert((at, self.rows.len()));
            let recipient = self.stage.stranger();
            self.rows.push(Row {
                lane,
                recipient,
                promised: false,
                born: at,
                asked: 0,
                slot: None,
            });
        }
    }

    /// Rows that become due one after the other.
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
                // Workers look often, but not at every moment.
                self.workers[worker] = first + self.up_to(50 * MS);
            }
            if self.workers[worker] >= until {
                break;
            }
            self.stage.now = self.stage.now.max(self.workers[worker]);
            let taken = self.work().await;
            let rest = if taken == BATCH { 2 * MS } else { 10 * MS };
            self.workers[worker] = self.stage.now + rest + self.up_to(rest);
        }
        self.stage.now = self.stage.now.max(until.min(self.stage.now + 3_600_000 * MS));
    }

    /// One batch of one worker.
    async fn work(&mut self) -> usize {
        let now = self.stage.now;
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
        let wants: Vec<Want> = batch.iter().map(|row| self.rows[*row].want()).collect();
        let verdicts = self.stage.decide(&wants).await;
        self.calls += 1;
        for (row, verdict) in batch.iter().zip(&verdicts.each) {
            let this = &mut self.rows[*row];
            this.asked += 1;
            match verdict {
                Verdict::Slot { at, .. } => this.slot = Some(*at),
                Verdict::Later { at, .. } => {
                    this.promised = true;
                    self.due[this.lane.index()].insert((*at, *row));
                }
            }
        }
        if let Some(change) = verdicts.change.filter(|_| self.heeds_changes) {
            self.make_due();
            let applied = self.stage.driver.applied(&self.stage.number, change).await;
            applied.expect("the driver answers");
        }
        batch.len()
    }

    fn make_due(&mut self) {
        for lane in &mut self.due {
            let ahead = lane.split_off(&(self.stage.now, usize::MAX));
            for (_, row) in ahead {
                let born = self.rows[row].born.max(self.stage.now);
                self.rows[row].promised = false;
                lane.insert((born, row));
            }
        }
    }

    /// The slots of a lane, or of all.
    pub fn slots(&self, lane: Option<SendLane>) -> Vec<i64> {
        let of = self.rows.iter().filter(|row| lane.is_none_or(|lane| row.lane == lane));
        of.filter_map(|row| row.slot).collect()
    }

    /// Slots of a lane within a time.
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
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance % most as u64) as i64
    }
}

impl Row {
    fn want(&self) -> Want {
        want(self.recipient, self.lane, self.promised)
    }
}
