//! Which of Meta's rules the simulator holds a sender to.

use serde::{Deserialize, Serialize};

/// How a breach is answered, where Meta is known to do it either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The rule is not held.
    Off,
    /// The call is refused.
    Answer,
    /// The call is accepted, and a `failed` status follows.
    Status,
}

/// The rules, each with its switch. What is wrong in itself (a missing or overlong value) is always refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Enforcement {
    /// A call needs a token that is valid and has the scope: 190, 131005, 200.
    pub tokens: bool,
    /// Outside the 24 hours after a customer wrote only templates pass: 131047.
    pub window: Way,
    /// Messages per second of a number, in and out counted: 130429.
    pub throughput: bool,
    /// How many seconds' worth of messages may come at once.
    pub throughput_burst_seconds: f64,
    /// Messages from one number to one user: 131056.
    pub pairs: bool,
    /// How many messages of a pair may come at once, borrowed from the future.
    pub pair_burst: u32,
    /// After how many seconds a pair has one message more.
    pub pair_seconds: f64,
    /// Users outside a window that a portfolio writes to within 24 hours.
    pub portfolio: Way,
    /// In place of the limit the portfolio's tier gives.
    pub portfolio_users: Option<usize>,
    /// What a breach of it is answered; Meta does not say.
    pub portfolio_code: i64,
    /// Service messages of a number that are free within a calendar month (UTC), counted when they are accepted.
    pub free_service_messages: u64,
    /// Templates must exist, be approved and be given what they ask for: 132000 to 132016.
    pub templates: bool,
    /// Media ids must exist and be of the right sort, uploads what they are said to be: 131009, 131053.
    pub media: bool,
    /// Messages that are read or reacted to must be known: 131009.
    pub references: bool,
}

impl Enforcement {
    /// Everything, answered at once.
    pub fn strict() -> Self {
        Self {
            tokens: true,
            window: Way::Answer,
            throughput: true,
            throughput_burst_seconds: 1.0,
            pairs: true,
            pair_burst: 45,
            pair_seconds: 6.0,
            portfolio: Way::Answer,
            portfolio_users: None,
            portfolio_code: 131048,
            free_service_messages: 1_000,
            templates: true,
            media: true,
            references: true,
        }
    }

    /// Nothing: whatever is well-formed is accepted.
    pub fn none() -> Self {
        Self {
            tokens: false,
            window: Way::Off,
            throughput: false,
            pairs: false,
            portfolio: Way::Off,
            templates: false,
            media: false,
            references: false,
            ..Self::strict()
        }
    }
}

impl Default for Enforcement {
    fn default() -> Self {
        Self::strict()
    }
}
