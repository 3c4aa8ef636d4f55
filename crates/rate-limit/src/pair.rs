//! GCRA for one pair: a business number and a recipient. Its twin is in `lua/pair.lua`. Times are microseconds since 1970.

const SECOND: i64 = 1_000_000;
/// Meta: one message in six seconds, <https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform>.
pub(super) const INTERVAL: i64 = 6 * SECOND;
/// Meta allows a burst of 45, borrowed from the future. We use one less: messages do not arrive as evenly as they are sent, and at the edge
/// every second one would be refused.
pub(super) const BURST: i64 = 44;
const SLACK: i64 = (BURST - 1) * INTERVAL;
/// A reserved place that is unused for this long is void.
const RESERVATION_TIMEOUT: i64 = 3 * SECOND;
/// Meta: wait 4^n seconds, n from 0. We stop at 4^6, a little over an hour.
const MAX_STRIKES: i64 = 6;
/// How long after the last refusal strikes are cleared.
const STRIKES_EXPIRE_AFTER: i64 = 3_600 * SECOND;

/// The state of a pair. A pair without one may send its whole burst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PairState {
    /// See [`GcraGate`](super::gcra::GcraGate).
    pub tat: i64,
    pub tail: i64,
    /// Meta refused: no message before this time.
    pub blocked_until: i64,
    /// Refusals in a row.
    pub strikes: i64,
}

impl PairState {
    /// Returns whether a message may take this slot. Messages to one recipient keep their order, so a request without a reservation does
    /// not overtake.
    pub fn allows(&self, slot: i64, now: i64, has_reservation: bool) -> bool {
        let open = self.tat - SLACK;
        open <= slot && (has_reservation || self.tail <= now || now - open > RESERVATION_TIMEOUT)
    }

    pub fn take_slot(&mut self, slot: i64, now: i64) {
        if now - (self.tat - SLACK) > RESERVATION_TIMEOUT {
            self.tail = 0;
        }
        self.tat = self.tat.max(slot) + INTERVAL;
    }

    /// Reserves a place in the queue and returns when to retry.
    pub fn reserve(&mut self) -> i64 {
        let place = self.tail.max(self.tat - SLACK);
        self.tail = place + INTERVAL;
        place
    }

    /// Error 131056. Refusals of messages that were in flight at the same time count once.
    pub fn refused(&mut self, now: i64) {
        if now < self.blocked_until {
            return;
        }
        self.blocked_until = now + 4_i64.pow(self.strikes as u32) * SECOND;
        self.strikes = (self.strikes + 1).min(MAX_STRIKES);
        // Meta has counted more than we did: nothing is left of the burst.
        self.tat = self.tat.max(self.blocked_until + SLACK);
    }

    /// Returns when the state has no effect any more.
    pub fn expires_at(&self) -> i64 {
        let busy = self.tat.max(self.tail).max(self.blocked_until);
        if self.strikes > 0 {
            busy.max(self.blocked_until + STRIKES_EXPIRE_AFTER)
        } else {
            busy
        }
    }
}
