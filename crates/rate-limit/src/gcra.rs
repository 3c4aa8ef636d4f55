//! GCRA (generic cell rate algorithm) for the rate of a number or a tenant. `lua/gcra.lua` is its twin. Times are microseconds since 1970.

use super::limits::GcraRate;
use mainstay_core::domain::SendLane;

/// How far ahead slots are granted at most: the longest wait for a slot. A lane with owed slots may go this far.
pub(super) const HORIZON: i64 = 500_000;
/// How far ahead each lane takes slots. The difference between lanes is the priority of the higher one.
const DEPTH: [i64; 3] = [400_000, 325_000, 250_000];
/// How long before its place in the queue a request with a reservation retries. Less than the depth of its lane, so that it finds a slot;
/// more than the depth of the lane below, so that this one does not find it first.
const RETRY_LEAD: [i64; 3] = [375_000, 300_000, 225_000];
/// The same for a lane with owed slots.
const OWED_RETRY_LEAD: i64 = 450_000;
/// How far ahead received messages use up the rate.
const RECEIVED_DEPTH: i64 = 450_000;
/// Number of slots of the lanes above for which the lane below is owed one.
const LANE_SHARE: i64 = 9;
/// Number of intervals between retries of requests that had a reservation and found no slot.
const RETRY_SPACING: i64 = 10;
/// A queue whose rate was unused for this long is abandoned.
const IDLE_LIMIT: i64 = 2_000_000;
/// A queue that ends within this time is too short to be cleared after a rate change.
const SHORT_QUEUE: i64 = 1_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GcraGate {
    /// The theoretical arrival time of GCRA: when the rate, used evenly, allows the next message.
    pub tat: i64,
    /// Per lane: the first unreserved place of the queue.
    pub tail: [i64; 3],
    /// Per lane: the first unreserved place for requests that had a reservation and found no slot.
    pub retry_tail: [i64; 3],
    /// Per lane: slots taken by the lanes above since; for the first lane, received messages.
    pub owed: [i64; 3],
}

impl GcraGate {
    /// Returns the next slot that the rate allows.
    pub fn next_slot(&self, now: i64, rate: GcraRate) -> i64 {
        now.max(self.tat - rate.slack)
    }

    /// Returns the slot that a request may have now, if any.
    pub fn free_slot(&self, now: i64, rate: GcraRate, lane: SendLane, has_reservation: bool) -> Option<i64> {
        let slot = self.next_slot(now, rate);
        // A request without a reservation does not overtake the queue, unless the slot would pass unused.
        if !has_reservation && slot > now && self.is_queued(now, lane) {
            return None;
        }
        (slot <= now + self.depth(rate, lane)).then_some(slot)
    }

    /// Takes the next slot. `interval` is that of the rate in use, which may be lower than `rate`.
    pub fn take_slot(&mut self, now: i64, rate: GcraRate, interval: i64, lane: SendLane) {
        self.tat = self.tat.max(now) + interval;
        for owed in &mut self.owed[..=lane.index()] {
            *owed = (*owed - LANE_SHARE).max(0);
        }
        if let Some(below) = self.owed.get_mut(lane.index() + 1) {
            *below = (*below + 1).min(max_owed(rate));
        }
    }

    /// Reserves a place in the queue and returns when to retry.
    pub fn reserve(&mut self, now: i64, rate: GcraRate, lane: SendLane, has_reservation: bool) -> i64 {
        let (slot, lane_index) = (self.next_slot(now, rate), lane.index());
        let place = slot.max(self.tail[lane_index]);
        let retry_place = slot.max(self.retry_tail[lane_index]);
        if has_reservation && retry_place <= place {
            self.retry_tail[lane_index] = retry_place + RETRY_SPACING * rate.interval;
            let owed = self.depth(rate, lane) == HORIZON;
            return retry_place - if owed { OWED_RETRY_LEAD } else { RETRY_LEAD[lane_index] };
        }
        self.tail[lane_index] = place + rate.interval;
        place - RETRY_LEAD[lane_index]
    }

    /// Counts received messages. They are not granted but have happened, so they use up the rate as far as [`RECEIVED_DEPTH`].
    pub fn receive(&mut self, now: i64, rate: GcraRate, interval: i64, count: i64) {
        let full = now + RECEIVED_DEPTH + rate.slack;
        let tat = (self.tat.max(now) + count * interval).min(full);
        self.tat = self.tat.max(tat);
        self.owed[0] = (self.owed[0] + count).min(max_owed(rate));
    }

    /// Clears abandoned queues.
    pub fn clear_if_idle(&mut self, now: i64) {
        if now - self.tat > IDLE_LIMIT {
            self.clear_queues();
        }
    }

    pub fn clear_queues(&mut self) {
        self.tail = [0; 3];
        self.retry_tail = [0; 3];
    }

    pub fn has_long_queue(&self, now: i64) -> bool {
        self.tail.iter().any(|tail| *tail > now + SHORT_QUEUE)
    }

    /// Returns when a new request would be sent: the first free slot, or the end of the queue.
    pub fn estimated_slot(&self, now: i64, rate: GcraRate, lane: SendLane) -> i64 {
        let slot = self.next_slot(now, rate);
        let queued = slot > now && self.is_queued(now, lane);
        if queued {
            slot.max(self.tail[lane.index()])
        } else {
            slot
        }
    }

    /// Returns whether requests of the lane hold reservations that are not due yet.
    fn is_queued(&self, now: i64, lane: SendLane) -> bool {
        self.tail[lane.index()] > now + RETRY_LEAD[lane.index()]
    }

    fn depth(&self, rate: GcraRate, lane: SendLane) -> i64 {
        let most = max_owed(rate);
        // Slots owed to a higher lane that it leaves unused are owed to the lower one.
        let enough = [LANE_SHARE, most / 2, most * 3 / 4];
        let mut lanes_owed = self.owed[..=lane.index()].iter().rev().zip(enough);
        if lanes_owed.any(|(owed, enough)| *owed >= enough) {
            HORIZON
        } else {
            DEPTH[lane.index()]
        }
    }
}

/// Returns the upper limit of owed slots: a tenth of a second's slots, and at least four, counted in slots of the lanes above.
fn max_owed(rate: GcraRate) -> i64 {
    (900_000 / rate.interval).max(4 * LANE_SHARE)
}
