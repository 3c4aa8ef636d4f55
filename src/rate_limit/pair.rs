//! The rule of one pair: a business number and a recipient. `lua/reserve.lua` has its twin; times are microseconds since 1970.

const SECOND: i64 = 1_000_000;
/// Meta: one message in six seconds,
/// <https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform>.
pub(super) const INTERVAL: i64 = 6 * SECOND;
/// Meta lets 45 go at once, borrowed from the future. We use one less, because messages do not arrive as evenly as they left, and
/// at the edge every second one would be refused.
pub(super) const BURST: i64 = 44;
const SLACK: i64 = (BURST - 1) * INTERVAL;
/// A place that was promised and not taken for so long is nobody's.
const OVERDUE: i64 = 3 * SECOND;
/// Meta: wait 4^n seconds, n from 0. It ends to grow at 4^6, a little over an hour.
const MOST_STRIKES: i64 = 6;
/// After this time without another refusal they are forgotten.
const STRIKES_LAST: i64 = 3_600 * SECOND;

/// Without a trace of it, a pair may send its whole burst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    /// As of [`Gate`](super::gate::Gate).
    pub tat: i64,
    pub tail: i64,
    /// Meta refused; nothing before this time.
    pub barred: i64,
    /// Refusals in a row.
    pub strikes: i64,
}

impl Pair {
    /// Whether somebody may leave at this slot. Messages to one person keep their order, so newcomers do not overtake.
    pub fn allows(&self, slot: i64, now: i64, promised: bool) -> bool {
        let open = self.tat - SLACK;
        open <= slot && (promised || self.tail <= now || now - open > OVERDUE)
    }

    pub fn take(&mut self, slot: i64, now: i64) {
        if now - (self.tat - SLACK) > OVERDUE {
            self.tail = 0;
        }
        self.tat = self.tat.max(slot) + INTERVAL;
    }

    /// Puts somebody in the queue and tells when to come again.
    pub fn promise(&mut self) -> i64 {
        let place = self.tail.max(self.tat - SLACK);
        self.tail = place + INTERVAL;
        place
    }

    /// 131056. Others that were on their way at the same time are refused too and tell nothing new.
    pub fn refused(&mut self, now: i64) {
        if now < self.barred {
            return;
        }
        self.barred = now + 4_i64.pow(self.strikes as u32) * SECOND;
        self.strikes = (self.strikes + 1).min(MOST_STRIKES);
        // Meta has counted more than we did: what is left of the burst does not exist.
        self.tat = self.tat.max(self.barred + SLACK);
    }

    /// From here on it is as if the pair had never been.
    pub fn ends(&self) -> i64 {
        let busy = self.tat.max(self.tail).max(self.barred);
        if self.strikes > 0 {
            busy.max(self.barred + STRIKES_LAST)
        } else {
            busy
        }
    }
}
