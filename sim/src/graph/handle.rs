//! What a test in the same process asks of the Graph API, and tells it. The control interface does nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::faults::{ActiveFault, FaultRule};
use super::messages::{AcceptedSend, By, Counts, ReadReceipt};
use super::{Enforcement, Graph, StatusPolicy};
use crate::simulator::lock;

/// The counts of the Graph API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Calls of every kind.
    pub calls: u64,
    /// Messages accepted.
    pub accepted: usize,
    /// Messages marked as read.
    pub reads: usize,
    /// What the simulator refused of its own accord, by code.
    pub refusals: BTreeMap<i64, u64>,
    /// Errors on answers and `failed` statuses that were asked for, by code.
    pub injected: BTreeMap<i64, u64>,
    /// Statuses and news not yet acknowledged or given up.
    pub untold: usize,
    /// Users outside service windows whom the portfolio reached within 24 hours.
    pub users_reached: usize,
    /// Unix seconds, as the Graph API sees them.
    pub now: i64,
}

impl Graph {
    pub fn enforcement(&self) -> Enforcement {
        *self.enforcement.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn set_enforcement(&self, enforcement: Enforcement) {
        *self
            .enforcement
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = enforcement;
    }

    pub fn statuses(&self) -> StatusPolicy {
        StatusPolicy::clone(&self.policy())
    }

    /// For messages accepted from now on.
    pub fn set_statuses(&self, policy: StatusPolicy) {
        *self.policy.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(policy);
    }

    /// Lets something go wrong; the id is for lifting it.
    pub fn inject(&self, rule: FaultRule) -> u64 {
        self.faults.add(rule, self.time.now())
    }

    /// False if there is no such fault.
    pub fn lift(&self, id: u64) -> bool {
        self.faults.lift(|fault| fault.id == id)
    }

    pub fn lift_all(&self) {
        self.faults.lift(|_| true);
    }

    /// Faults that have not been lifted, with how often each has struck.
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.faults.list()
    }

    /// The messages accepted so far.
    pub fn sends(&self) -> Vec<Arc<AcceptedSend>> {
        lock(&self.sends).all().to_vec()
    }

    /// Those from `place` on, at most `most`.
    pub fn sends_from(&self, place: usize, most: usize) -> Vec<Arc<AcceptedSend>> {
        let sends = lock(&self.sends);
        let rest = sends.all().get(place..).unwrap_or_default();
        rest[..rest.len().min(most)].to_vec()
    }

    pub fn reads(&self) -> Vec<ReadReceipt> {
        lock(&self.sends).reads.clone()
    }

    /// How many messages were accepted; costs nothing.
    pub fn accepted(&self) -> usize {
        lock(&self.sends).len()
    }

    /// How many were accepted with that `biz_opaque_callback_data`; costs nothing.
    pub fn accepted_with(&self, opaque: &str) -> u32 {
        lock(&self.sends).with_opaque(opaque)
    }

    /// How many were accepted for a `wa_id`, user id or group id; costs nothing.
    pub fn accepted_for(&self, recipient: &str) -> u32 {
        lock(&self.sends).for_recipient(recipient)
    }

    /// Counts of at least `least`, by something.
    pub fn counts(&self, by: By, least: u32) -> Counts {
        lock(&self.sends).counts(by, least)
    }

    /// What the simulator refused of its own accord, by code.
    pub fn refusals(&self) -> BTreeMap<i64, u64> {
        lock(&self.refusals).clone()
    }

    /// How often it refused with that code of its own accord.
    pub fn refused(&self, code: i64) -> u64 {
        lock(&self.refusals).get(&code).copied().unwrap_or(0)
    }

    /// Errors that were asked for, by code.
    pub fn injected(&self) -> BTreeMap<i64, u64> {
        lock(&self.injected).clone()
    }

    /// How many statuses and news are not yet acknowledged or given up.
    pub fn untold(&self) -> usize {
        self.queue.untold()
    }

    pub fn summary(&self) -> Summary {
        let (accepted, reads) = {
            let sends = lock(&self.sends);
            (sends.len(), sends.reads.len())
        };
        Summary {
            calls: self.calls.load(Ordering::Relaxed),
            accepted,
            reads,
            refusals: self.refusals(),
            injected: self.injected(),
            untold: self.untold(),
            users_reached: lock(&self.portfolio).count(),
            now: self.time.seconds(),
        }
    }

    pub(super) fn count_refusal(&self, code: i64) {
        *lock(&self.refusals).entry(code).or_default() += 1;
    }

    pub(super) fn count_injected(&self, code: i64) {
        *lock(&self.injected).entry(code).or_default() += 1;
    }
}
