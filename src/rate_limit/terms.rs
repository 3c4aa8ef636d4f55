use crate::domain::{ChannelId, TenantId};

/// A business phone number as the governor sees it: whose it is, and how much may be sent from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub terms: Terms,
}

/// How much may be sent. They come with every call, so a change holds from the first call that knows of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Messages per second that Meta lets this number exchange, those it receives included.
    pub per_second: f64,
    /// Messages per second that the operator lets the tenant send, from all its numbers together.
    pub tenant_per_second: Option<f64>,
}

/// Meta's levels: <https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput>.
impl Terms {
    pub const STANDARD: Terms = Terms::at(80.0);
    /// After Meta's upgrade.
    pub const HIGH: Terms = Terms::at(1_000.0);
    /// Of a number that is used in the WhatsApp Business app at the same time.
    pub const COEXISTENCE: Terms = Terms::at(20.0);

    pub const fn at(per_second: f64) -> Self {
        Self {
            per_second,
            tenant_per_second: None,
        }
    }

    /// The same with a quota of the tenant's.
    pub const fn within(self, tenant_per_second: Option<f64>) -> Self {
        Self {
            tenant_per_second,
            ..self
        }
    }

    pub(super) fn pace(&self) -> Pace {
        Pace::of(self.per_second)
    }

    pub(super) fn quota(&self) -> Option<Pace> {
        self.tenant_per_second.map(Pace::of)
    }
}

/// A rate as the drivers reckon with it. Whole microseconds, so that both reckon alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Between two slots, rounded up: the rate is never exceeded.
    pub interval: i64,
    /// How far a slot may lie before its turn: the burst less one, in time.
    pub slack: i64,
}

impl Pace {
    const SLOWEST: f64 = 0.01;
    const FASTEST: f64 = 10_000.0;
    /// The burst is what the rate gives in this time, and at least one: enough for a worker that comes late, and little beside the
    /// second over which Meta is thought to count.
    pub const BURST: i64 = 50_000;

    /// What is not a rate (zero, below, not a number) is the slowest.
    pub fn of(per_second: f64) -> Self {
        let per_second = if per_second > Self::SLOWEST {
            per_second.min(Self::FASTEST)
        } else {
            Self::SLOWEST
        };
        let interval = (1e6 / per_second).ceil() as i64;
        Self {
            interval,
            slack: (Self::BURST / interval - 1).max(0) * interval,
        }
    }

    /// The interval while only so many thousandths of the rate are used.
    pub fn slowed(&self, factor: i64) -> i64 {
        (self.interval * 1_000 + factor - 1) / factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_never_rounded_up() {
        for (per_second, interval, slack) in [
            (1_000.0, 1_000, 49_000),
            (80.0, 12_500, 37_500),
            (20.0, 50_000, 0),
            (3.0, 333_334, 0),
            (0.5, 2_000_000, 0),
            (0.0, 100_000_000, 0),
            (-1.0, 100_000_000, 0),
            (f64::NAN, 100_000_000, 0),
            (f64::INFINITY, 100, 49_900),
        ] {
            assert_eq!(Pace::of(per_second), Pace { interval, slack }, "{per_second}");
        }
    }

    #[test]
    fn a_slowed_interval_is_rounded_up() {
        assert_eq!(Pace::of(80.0).slowed(1_000), 12_500);
        assert_eq!(Pace::of(80.0).slowed(500), 25_000);
        assert_eq!(Pace::of(1_000.0).slowed(999), 1_002);
    }
}
