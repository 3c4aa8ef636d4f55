//! Table of Meta's error codes: meaning, retry rule, who must act, and advice for them.
//!
//! Codes and HTTP statuses follow Meta's "Error codes" page (November 2025) and what was seen since. Which codes prove that nothing was
//! sent follows from where in Meta's processing they arise. A code may come as an answer, as a `failed` status, or both; the table serves
//! both.

mod table;

use std::{fmt, ops::RangeInclusive};

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

/// Table entry of one code or a range of codes.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    codes: RangeInclusive<i64>,
    pub title: &'static str,
    pub class: Class,
    pub retry: Retry,
    pub who: Who,
    /// One or two sentences for whoever must act.
    pub advice: &'static str,
    /// The documented HTTP status.
    pub http: Option<u16>,
    pub effects: &'static [Effect],
}

/// Class of an error, by how the sender handles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The number exceeds its throughput.
    Throughput,
    /// Too many messages to one recipient in a short time (pair limit).
    Pair,
    /// The number is in maintenance, e.g. a throughput upgrade; takes minutes.
    Maintenance,
    /// The app or the account exceeds its API request limit.
    AppLimit,
    /// The message may have been sent nevertheless.
    Ambiguous,
    /// The access token is invalid or lacks a permission.
    Token,
    /// The account or the number is not allowed to send.
    Account,
    /// Too many customers blocked or reported the number.
    Spam,
    /// The recipient has reached Meta's limit of marketing messages.
    MarketingCap,
    /// The recipient has opted out of marketing.
    OptOut,
    /// No service window is open.
    Window,
    /// The message cannot be delivered to this recipient.
    Undeliverable,
    /// The parameters do not fit the template, or it cannot be sent.
    Template,
    /// The file is unsuitable or cannot be fetched.
    Media,
    /// The request is invalid.
    Request,
}

/// Retry rule for the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum Retry {
    /// The same request would fail the same way.
    Never,
    /// Exponential backoff: `first_seconds · factor^(attempt - 1)`, at most `most_seconds`, plus up to `jitter_percent` at random.
    After {
        first_seconds: u32,
        factor: u32,
        most_seconds: u32,
        jitter_percent: u8,
    },
    /// Not until there is evidence that it was not sent, or somebody decides.
    Reconcile,
    /// After this many hours, doubled with each attempt, up to two weeks.
    Park { hours: u32 },
    /// After this many minutes, when an external condition may have changed.
    Wait { minutes: u32 },
    /// After a successful channel check. Until then the channel sends nothing and keeps its messages.
    Checked,
}

/// Party who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Nobody; Mainstay handles it.
    Us,
    /// The operator of Mainstay, of the app and of the account with Meta.
    Operator,
    /// The author of the message.
    Tenant,
    /// The customer.
    Recipient,
    /// Meta alone.
    Meta,
}

/// Effect of an error beyond its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Blocks the channel until it is checked.
    TripChannel,
    /// Lowers the number's send rate, which recovers by itself.
    SlowNumber,
    /// Pauses the number.
    PauseNumber,
    /// Pauses this number for this recipient.
    PausePair,
    /// Pauses the number's campaigns until somebody resumes them.
    PauseCampaigns,
    /// Records the recipient's opt-out from marketing.
    RecordOptOut,
    /// Marks the address as possibly not reachable.
    SuspectRecipient,
    /// Closes the service window that was wrongly believed open.
    CloseWindow,
    /// Reloads the template from Meta, because the stored state is outdated.
    RefreshTemplate,
    /// Records that the business has blocked the recipient.
    RecordBlock,
    /// Forgets Meta's ids of the message's stored files, which may have expired, so that the next message uploads them again.
    ForgetUploads,
}

/// Generic code for an invalid request; `error_subcode` tells what is wrong.
const INVALID_PARAMETER: i64 = 100;

/// Returns the code that is looked up in the table for an error with this code and subcode.
///
/// 1. A known subcode wins if the code is 100 or unknown: 100 with 33 is a number that was deleted or is out of the token's reach, 100 with
///    133010 one that is not registered.
/// 2. Otherwise the code wins. Specific codes carry meaningless subcodes: 130429 comes with 2494055.
pub fn effective_code(code: i64, subcode: Option<i64>) -> i64 {
    match subcode {
        Some(subcode) if (code == INVALID_PARAMETER || !is_known(code)) && is_known(subcode) => subcode,
        _ => code,
    }
}

fn is_known(code: i64) -> bool {
    entry(code).covers(code)
}

/// Returns the entry of a code, or the one for unknown codes.
pub fn entry(code: i64) -> &'static ErrorEntry {
    table::TABLE
        .iter()
        .find(|entry| entry.covers(code))
        .unwrap_or(&table::UNKNOWN)
}

/// Advice for a failure without a code.
const NO_CODE: &str = "There is no code to go by: read the title and the details of the attempts. If Meta could not be reached, see \
                       that this server reaches Meta's address, then send the message again.";

/// What a failure means to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The table's title; `None` without a code.
    pub title: Option<&'static str>,
    pub who: Who,
    pub advice: &'static str,
}

/// Explains a failure by its code, which it lacks where Meta could not be reached.
pub fn explain(code: Option<i64>) -> Explanation {
    match code.map(entry) {
        Some(entry) => Explanation {
            title: Some(entry.title),
            who: entry.who,
            advice: entry.advice,
        },
        None => Explanation {
            title: None,
            who: Who::Operator,
            advice: NO_CODE,
        },
    }
}

/// Returns the label of a code in metrics: the code or its range in the table, or `other`.
pub fn label(code: i64) -> String {
    let entry = entry(code);
    match entry.covers(code) {
        true => entry.codes().to_string(),
        false => "other".to_owned(),
    }
}

/// Returns all entries in the order of their codes.
pub fn all() -> &'static [ErrorEntry] {
    table::TABLE
}

impl ErrorEntry {
    pub fn covers(&self, code: i64) -> bool {
        self.codes.contains(&code)
    }

    /// Formats the code or range: `190`, `200-299`.
    pub fn codes(&self) -> impl fmt::Display + use<> {
        let (first, last) = (*self.codes.start(), *self.codes.end());
        fmt::from_fn(move |f| {
            if first == last {
                write!(f, "{first}")
            } else {
                write!(f, "{first}-{last}")
            }
        })
    }

    pub fn has_effect(&self, effect: Effect) -> bool {
        self.effects.contains(&effect)
    }
}

impl Who {
    /// Returns the name in the API and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Operator => "operator",
            Self::Tenant => "tenant",
            Self::Recipient => "recipient",
            Self::Meta => "meta",
        }
    }
}

impl Effect {
    /// Returns the label used in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TripChannel => "trip_channel",
            Self::SlowNumber => "slow_number",
            Self::PauseNumber => "pause_number",
            Self::PausePair => "pause_pair",
            Self::PauseCampaigns => "pause_campaigns",
            Self::RecordOptOut => "record_opt_out",
            Self::SuspectRecipient => "suspect_recipient",
            Self::CloseWindow => "close_window",
            Self::RefreshTemplate => "refresh_template",
            Self::RecordBlock => "record_block",
            Self::ForgetUploads => "forget_uploads",
        }
    }
}

impl Class {
    /// Returns the name used in metrics and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Pair => "pair",
            Self::Maintenance => "maintenance",
            Self::AppLimit => "app_limit",
            Self::Ambiguous => "ambiguous",
            Self::Token => "token",
            Self::Account => "account",
            Self::Spam => "spam",
            Self::MarketingCap => "marketing_cap",
            Self::OptOut => "opt_out",
            Self::Window => "window",
            Self::Undeliverable => "undeliverable",
            Self::Template => "template",
            Self::Media => "media",
            Self::Request => "request",
        }
    }
}

/// Maximum of [`Retry::Park`], in hours.
const MAX_PARK_HOURS: u32 = 14 * 24;

impl Retry {
    /// Returns the delay after the given attempt (the first is 1); `None` where waiting alone does not help. `chance` is a random number
    /// from 0 to 1 drawn by the caller.
    pub fn delay(self, attempt: u32, chance: f64) -> Option<TimeDelta> {
        let before = attempt.saturating_sub(1);
        match self {
            Self::Never | Self::Reconcile | Self::Checked => None,
            Self::After {
                first_seconds,
                factor,
                most_seconds,
                jitter_percent,
            } => {
                let seconds = first_seconds
                    .saturating_mul(factor.saturating_pow(before))
                    .min(most_seconds);
                let jitter = f64::from(jitter_percent) / 100.0 * chance.clamp(0.0, 1.0);
                let milliseconds = f64::from(seconds) * 1_000.0 * (1.0 + jitter);
                Some(TimeDelta::milliseconds(milliseconds as i64))
            }
            Self::Park { hours } => {
                let hours = hours.saturating_mul(2_u32.saturating_pow(before)).min(MAX_PARK_HOURS);
                Some(TimeDelta::hours(i64::from(hours)))
            }
            Self::Wait { minutes } => Some(TimeDelta::minutes(i64::from(minutes))),
        }
    }
}

#[cfg(test)]
mod tests;
