//! The limits of a number, and rates in whole microseconds.

use mainstay_core::domain::{ChannelId, TenantId};

/// A business phone number: its tenant, and its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitedNumber {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub limits: RateLimits,
}

/// The limits of a number. They are part of each request, so a change applies from the first request that carries it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimits {
    /// Messages per second that Meta allows this number, received ones included.
    pub per_second: f64,
    /// Messages per second that the operator allows the tenant, over all its numbers.
    pub tenant_per_second: Option<f64>,
}

/// Meta's levels: <https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput>.
impl RateLimits {
    pub const STANDARD: RateLimits = RateLimits::at(80.0);
    /// After an upgrade by Meta.
    pub const HIGH: RateLimits = RateLimits::at(1_000.0);
    /// For a number that is also used with the WhatsApp Business app.
    pub const COEXISTENCE: RateLimits = RateLimits::at(20.0);

    pub const fn at(per_second: f64) -> Self {
        Self {
            per_second,
            tenant_per_second: None,
        }
    }

    /// Adds a quota of the tenant.
    pub const fn within(self, tenant_per_second: Option<f64>) -> Self {
        Self {
            tenant_per_second,
            ..self
        }
    }

    pub(super) fn rate(&self) -> GcraRate {
        GcraRate::of(self.per_second)
    }

    pub(super) fn quota(&self) -> Option<GcraRate> {
        self.tenant_per_second.map(GcraRate::of)
    }
}

/// A rate in whole microseconds, so that both drivers compute the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GcraRate {
    /// The time between two slots, rounded up: the rate is never exceeded.
    pub interval: i64,
    /// How far a slot may lie before its theoretical arrival time: the burst less one message, as time.
    pub slack: i64,
}

impl GcraRate {
    const SLOWEST: f64 = 0.01;
    const FASTEST: f64 = 10_000.0;
    /// The burst is what the rate allows in this time, at least one message: enough for a worker that is late, and small against the second
    /// over which Meta presumably counts.
    pub const BURST: i64 = 50_000;

    /// Creates a rate. Values that are no rate (zero, negative, NaN) become the slowest one.
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

    /// Returns the interval at the given thousandths of the rate.
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
            assert_eq!(GcraRate::of(per_second), GcraRate { interval, slack }, "{per_second}");
        }
    }

    #[test]
    fn a_slowed_interval_is_rounded_up() {
        assert_eq!(GcraRate::of(80.0).slowed(1_000), 12_500);
        assert_eq!(GcraRate::of(80.0).slowed(500), 25_000);
        assert_eq!(GcraRate::of(1_000.0).slowed(999), 1_002);
    }
}
