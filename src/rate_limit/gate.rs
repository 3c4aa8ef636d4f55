//! The rule of one rate: a number's, or a tenant's. `lua/gate.lua` is its twin; times are microseconds since 1970.

use super::terms::Pace;
use crate::domain::SendLane;

/// No slot is given further ahead, so nobody waits longer for those who came before. A lane that is owed slots may go so far.
pub(super) const HORIZON: i64 = 500_000;
/// How far ahead each lane takes slots. What a higher lane may take and a lower may not is how replies go first.
const DEPTH: [i64; 3] = [400_000, 325_000, 250_000];
/// How far ahead of their places those who were promised come. Less than the depth, so that they find slots; more than the depth of
/// the lane below, so that those find none before.
const LEAD: [i64; 3] = [375_000, 300_000, 225_000];
/// The same for a lane that is owed slots.
const LEAD_OF_THE_OWED: i64 = 450_000;
/// How far ahead received messages take up the rate.
const DEPTH_OF_RECEIVED: i64 = 450_000;
/// For so many slots of the lanes above, one is owed to those below.
const SHARE: i64 = 9;
/// For every slot of the queue's own, those who were turned away get this many intervals of room.
const ROOM_AGAIN: i64 = 10;
/// A rate that was not used for so long while a queue stood has a queue of ghosts.
const IDLE: i64 = 2_000_000;
/// A queue that ends within this time is too short to be opened anew.
const SHORT: i64 = 1_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gate {
    /// The theoretical arrival time of GCRA: when the rate, used evenly, allows the next one.
    pub tat: i64,
    /// By lane: the first place that nobody was promised.
    pub tail: [i64; 3],
    /// By lane: the first place for those who were turned away at their time.
    pub again: [i64; 3],
    /// By lane: slots the lanes above took since, and before them received messages.
    pub owed: [i64; 3],
}

impl Gate {
    /// The next free slot.
    pub fn next(&self, now: i64, pace: Pace) -> i64 {
        now.max(self.tat - pace.slack)
    }

    /// The slot that somebody may have now, if any.
    pub fn slot(&self, now: i64, pace: Pace, lane: SendLane, promised: bool) -> Option<i64> {
        let slot = self.next(now, pace);
        // First come, first served; but a slot that would pass unused is given to whoever is here.
        if !promised && slot > now && self.is_queued(now, lane) {
            return None;
        }
        (slot <= now + self.depth(pace, lane)).then_some(slot)
    }

    /// Gives the next slot away. The interval is that of the rate in use, which may be less than the pace.
    pub fn take(&mut self, now: i64, pace: Pace, interval: i64, lane: SendLane) {
        self.tat = self.tat.max(now) + interval;
        for owed in &mut self.owed[..=lane.index()] {
            *owed = (*owed - SHARE).max(0);
        }
        if let Some(below) = self.owed.get_mut(lane.index() + 1) {
            *below = (*below + 1).min(most_owed(pace));
        }
    }

    /// Puts somebody in the queue and tells when to come again.
    pub fn promise(&mut self, now: i64, pace: Pace, lane: SendLane, promised: bool) -> i64 {
        let (slot, of) = (self.next(now, pace), lane.index());
        let place = slot.max(self.tail[of]);
        let again = slot.max(self.again[of]);
        if promised && again <= place {
            self.again[of] = again + ROOM_AGAIN * pace.interval;
            let owed = self.depth(pace, lane) == HORIZON;
            return again - if owed { LEAD_OF_THE_OWED } else { LEAD[of] };
        }
        self.tail[of] = place + pace.interval;
        place - LEAD[of]
    }

    /// Counts received messages. They came without asking, so they take what they can get.
    pub fn receive(&mut self, now: i64, pace: Pace, interval: i64, count: i64) {
        let full = now + DEPTH_OF_RECEIVED + pace.slack;
        let tat = (self.tat.max(now) + count * interval).min(full);
        self.tat = self.tat.max(tat);
        self.owed[0] = (self.owed[0] + count).min(most_owed(pace));
    }

    /// Forgets queues whose people do not come.
    pub fn notice_idleness(&mut self, now: i64) {
        if now - self.tat > IDLE {
            self.forget_queues();
        }
    }

    pub fn forget_queues(&mut self) {
        self.tail = [0; 3];
        self.again = [0; 3];
    }

    pub fn has_long_queues(&self, now: i64) -> bool {
        self.tail.iter().any(|tail| *tail > now + SHORT)
    }

    /// Where somebody new would leave: the first free slot, or the end of the queue.
    pub fn outlook(&self, now: i64, pace: Pace, lane: SendLane) -> i64 {
        let slot = self.next(now, pace);
        let queued = slot > now && self.is_queued(now, lane);
        if queued {
            slot.max(self.tail[lane.index()])
        } else {
            slot
        }
    }

    /// Whether others of the lane were promised places and have not come yet.
    fn is_queued(&self, now: i64, lane: SendLane) -> bool {
        self.tail[lane.index()] > now + LEAD[lane.index()]
    }

    fn depth(&self, pace: Pace, lane: SendLane) -> i64 {
        let most = most_owed(pace);
        // What is owed to a higher lane is for a lower one too, when the higher leaves it.
        let enough = [SHARE, most / 2, most * 3 / 4];
        let mut of = self.owed[..=lane.index()].iter().rev().zip(enough);
        if of.any(|(owed, enough)| *owed >= enough) {
            HORIZON
        } else {
            DEPTH[lane.index()]
        }
    }
}

/// The tenth of a second's slots, and at least four, in units of one per slot above.
fn most_owed(pace: Pace) -> i64 {
    (900_000 / pace.interval).max(4 * SHARE)
}
