//! Settings of webhook deliveries.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    ConfigError, Environment,
    parse::{days, number},
};

/// Settings of the delivery of events to tenants' endpoints.
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// The waits between attempts. After one attempt more than these a delivery is dead.
    pub schedule: Vec<Duration>,
    /// Time limit of an exchange, from name resolution to the last byte read.
    pub timeout: Duration,
    /// Maximum number of concurrent requests per process.
    pub concurrency: usize,
    /// How long a finished delivery is kept, with its attempts.
    pub retention: TimeDelta,
}

const MAX_WAITS: usize = 30;
const MAX_WAIT: Duration = Duration::from_secs(7 * 24 * 3_600);

impl Deliveries {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let timeout = number("MAINSTAY_DELIVERY_TIMEOUT", &environment.delivery_timeout, 1..=60)?;
        Ok(Self {
            schedule: schedule(&environment.delivery_schedule)?,
            timeout: Duration::from_secs(timeout),
            concurrency: number(
                "MAINSTAY_DELIVERY_CONCURRENCY",
                &environment.delivery_concurrency,
                1..=10_000,
            )?,
            retention: days("MAINSTAY_DELIVERY_DAYS", &environment.delivery_days)?,
        })
    }
}

/// Parses `5s,5m,2h,1d`.
fn schedule(text: &str) -> Result<Vec<Duration>, ConfigError> {
    const CURE: &str = "use e.g. 5s,5m,30m,2h: at most thirty waits of at most seven days each";
    let bad = |problem: String| ConfigError::new("MAINSTAY_DELIVERY_SCHEDULE", problem, CURE);
    let wait = |word: &str| {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &word[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        let wait = Duration::from_secs(digits.parse::<u32>().ok()?.into()).checked_mul(unit)?;
        (wait > Duration::ZERO && wait <= MAX_WAIT).then_some(wait)
    };
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let waits: Result<Vec<Duration>, _> = words
        .map(|word| wait(word).ok_or_else(|| bad(format!("{word:?} is not a wait"))))
        .collect();
    let waits = waits?;
    if waits.len() > MAX_WAITS {
        return Err(bad(format!("it has {} waits", waits.len())));
    }
    Ok(waits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_list_of_waits() {
        let seconds = |text| schedule(text).map(|waits| waits.iter().map(Duration::as_secs).collect::<Vec<_>>());
        assert_eq!(seconds("5s, 5m,2h,1d"), Ok(vec![5, 300, 7_200, 86_400]));
        assert_eq!(seconds(""), Ok(vec![]), "one attempt and no other");
        for text in [
            "5",
            "s",
            "5x",
            "-5s",
            "0s",
            "8d",
            "5s;5m",
            "99999999999s",
            &"1s,".repeat(31),
        ] {
            assert_eq!(schedule(text).expect_err(text).variable, "MAINSTAY_DELIVERY_SCHEDULE");
        }
    }
}
