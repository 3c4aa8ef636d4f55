//! What goes wrong on Meta's side, on demand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::time::{Moment, SECOND};
use crate::chance::Chance;
use crate::simulator::lock;

/// One way in which a call goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Answered with an error of that code.
    Error {
        code: i64,
        /// `error_subcode`: 33 beside 100 is a number that is gone.
        #[serde(default)]
        subcode: Option<i64>,
        /// In place of the code's usual one; 429 for 130429, say.
        #[serde(default)]
        http_status: Option<u16>,
        /// In place of the table's.
        #[serde(default)]
        details: Option<String>,
        /// `error_data` is the details as a text, in place of an object that holds them.
        #[serde(default)]
        as_text: bool,
        /// The call was carried out all the same.
        #[serde(default)]
        accepted: bool,
    },
    /// Accepted; a `failed` status follows. For messages alone.
    Failed {
        code: i64,
        #[serde(default)]
        details: Option<String>,
        /// After `sent`.
        #[serde(default)]
        after_sent: bool,
    },
    /// Answered with that status and a page of HTML.
    Http {
        status: u16,
        #[serde(default)]
        accepted: bool,
    },
    /// The connection is closed without an answer.
    Lost {
        #[serde(default)]
        accepted: bool,
    },
    /// Answered 200 with a body cut short.
    Unreadable {
        #[serde(default)]
        accepted: bool,
    },
    /// Taken up only after that long. Nothing has happened before.
    Slow { ms: u64 },
    /// Taken up at once, answered after that long.
    Late { ms: u64 },
}

impl Fault {
    /// An error on the answer, in Meta's usual form, for a call that was not carried out.
    pub fn error(code: i64) -> Self {
        Self::answered(code, None, None)
    }

    /// The same with a subcode, and with other details than the table's.
    pub fn answered(code: i64, subcode: Option<i64>, details: Option<&str>) -> Self {
        Self::Error {
            code,
            subcode,
            http_status: None,
            details: details.map(str::to_owned),
            as_text: false,
            accepted: false,
        }
    }

    /// Whether the call is carried out in spite of it.
    pub(crate) fn is_carried_out(&self) -> bool {
        match self {
            Self::Error { accepted, .. }
            | Self::Http { accepted, .. }
            | Self::Lost { accepted }
            | Self::Unreadable { accepted } => *accepted,
            Self::Failed { .. } | Self::Slow { .. } | Self::Late { .. } => true,
        }
    }

    /// Whether a send that was accepted is answered with something other than the 200 that says so, at once.
    pub(crate) fn spoils_answer(&self) -> bool {
        !matches!(self, Self::Failed { .. } | Self::Slow { .. })
    }

    /// A `failed` status in place of all others.
    pub fn failed(code: i64) -> Self {
        Self::Failed {
            code,
            details: None,
            after_sent: false,
        }
    }
}

/// What a call is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    #[default]
    Messages,
    /// Read receipts and typing, which share the path with messages.
    Reads,
    MediaUpload,
    /// Asking for the address of a file, and deleting it.
    Media,
    MediaDownload,
    Templates,
    /// Numbers, accounts, tokens, subscriptions, block lists.
    Management,
    /// All of them.
    Any,
}

/// A fault, and when and whom it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    pub fault: Fault,
    #[serde(default)]
    pub on: Area,
    /// How likely it strikes, 0 to 1.
    #[serde(default = "always")]
    pub rate: f64,
    /// How often it strikes at most.
    #[serde(default)]
    pub count: Option<u64>,
    /// How long it lasts from now.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Only calls of this number.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// Only messages to this recipient: digits as sent, or a user id.
    #[serde(default)]
    pub to: Option<String>,
}

fn always() -> f64 {
    1.0
}

impl FaultRule {
    /// Strikes every send, until it is lifted. Narrow it with struct update.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            on: Area::Messages,
            rate: 1.0,
            count: None,
            seconds: None,
            phone_number_id: None,
            to: None,
        }
    }

    /// Strikes that many times.
    pub fn times(self, count: u64) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }

    fn concerns(&self, target: &Target<'_>) -> bool {
        let is = |wanted: &Option<String>, given: &str| wanted.as_deref().is_none_or(|wanted| wanted == given);
        (self.on == Area::Any || self.on == target.area)
            && is(&self.phone_number_id, target.phone_number_id)
            && is(&self.to, target.to)
    }
}

/// A rule in force, and how often it has struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActiveFault {
    pub id: u64,
    pub rule: FaultRule,
    pub struck: u64,
    /// Unix microseconds; None for until it is lifted.
    pub until: Option<i64>,
}

/// A call a fault may strike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub area: Area,
    pub phone_number_id: &'a str,
    pub to: &'a str,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<ActiveFault>>,
    /// So that calls need no lock while nothing is wrong.
    count: AtomicUsize,
    last: AtomicUsize,
}

impl Faults {
    pub fn add(&self, rule: FaultRule, now: Moment) -> u64 {
        let id = self.last.fetch_add(1, Ordering::Relaxed) as u64 + 1;
        let mut rules = lock(&self.rules);
        rules.push(ActiveFault {
            id,
            until: rule.seconds.map(|seconds| now + (seconds * SECOND as f64) as i64),
            rule,
            struck: 0,
        });
        self.count.store(rules.len(), Ordering::Release);
        id
    }

    /// Keeps those that are not to go.
    pub fn lift(&self, goes: impl Fn(&ActiveFault) -> bool) -> bool {
        let mut rules = lock(&self.rules);
        let before = rules.len();
        rules.retain(|rule| !goes(rule));
        self.count.store(rules.len(), Ordering::Release);
        rules.len() < before
    }

    pub fn list(&self) -> Vec<ActiveFault> {
        lock(&self.rules).clone()
    }

    /// The fault that strikes this call: the first in force that concerns it and has luck.
    pub fn strike(&self, target: Target<'_>, now: Moment, dice: &Mutex<Chance>) -> Option<Fault> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut rules = lock(&self.rules);
        let rule = rules.iter_mut().find(|active| {
            active.rule.concerns(&target)
                && active.until.is_none_or(|until| now < until)
                && active.rule.count.is_none_or(|count| active.struck < count)
                && (active.rule.rate >= 1.0 || lock(dice).happens(active.rule.rate))
        })?;
        rule.struck += 1;
        Some(rule.rule.fault.clone())
    }
}
