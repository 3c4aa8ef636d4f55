//! Meta's error codes as data: what a code means, whether to try again, who must act, and what to tell them.
//!
//! Codes and statuses follow Meta's "Error codes" page (November 2025) and what was seen since; which of them prove that
//! nothing was sent follows from where in the processing they arise. A code may come as an answer, as a `failed` status, or
//! both ways; the table serves both.

mod table;

use std::{fmt, ops::RangeInclusive};

use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

/// A code, or a family of codes.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    codes: RangeInclusive<i64>,
    pub title: &'static str,
    pub class: Class,
    pub retry: Retry,
    pub who: Who,
    /// A sentence or two, to the one who must act.
    pub advice: &'static str,
    /// The status it is documented for.
    pub http: Option<u16>,
    pub effects: &'static [Effect],
}

/// What the sender makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The number sends faster than it may.
    Throughput,
    /// Too much to one person in too short a time.
    Pair,
    /// The number is being upgraded, for a minute.
    Maintenance,
    /// The app or the account calls Meta too often.
    AppLimit,
    /// It may have been sent all the same.
    Ambiguous,
    /// The token is bad, or may not do this.
    Token,
    /// The account or the number may not send.
    Account,
    /// Too many customers blocked or reported the number.
    Spam,
    /// The person has had enough marketing for now.
    MarketingCap,
    /// The person wants no marketing.
    OptOut,
    /// No service window is open.
    Window,
    /// It does not reach this person.
    Undeliverable,
    /// The template does not fit, or cannot be sent.
    Template,
    /// The file does not do.
    Media,
    /// The request itself is wrong.
    Request,
}

/// When the same message may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum Retry {
    /// The same request would fail the same way.
    Never,
    /// After a rest that grows by the factor with each attempt, and of which up to the given share is added by chance.
    After {
        first_seconds: u32,
        factor: u32,
        most_seconds: u32,
        jitter_percent: u8,
    },
    /// Only when there is evidence that it was not sent, or somebody decides.
    Reconcile,
    /// Not before so many hours; each time twice as many, up to two weeks.
    Park { hours: u32 },
    /// When something outside has changed, which is worth a look after so many minutes.
    Wait { minutes: u32 },
    /// When the channel was checked and may send: it sends nothing until then, and its messages are kept.
    Checked,
}

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Nobody: Mainstay deals with it.
    Us,
    /// Whoever runs Mainstay, the app and the account with Meta.
    Operator,
    /// Whoever composed the message.
    Tenant,
    /// The customer.
    Recipient,
    /// Nobody but Meta can.
    Meta,
}

/// What follows beyond the one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The channel sends nothing more until it was checked.
    TripChannel,
    /// The number sends more slowly, and recovers.
    SlowNumber,
    /// The number rests.
    PauseNumber,
    /// This number and this person rest.
    PausePair,
    /// The campaigns of the number stop until a person has looked.
    PauseCampaigns,
    /// The person is recorded as wanting no marketing.
    RecordOptOut,
    /// The address is marked as doubtful.
    SuspectRecipient,
    /// What we believed of the service window was wrong.
    CloseWindow,
    /// The template is not what was believed: it has to be asked for again.
    RefreshTemplate,
    /// The person is recorded as blocked by the business.
    RecordBlock,
    /// If files of ours were named, Meta may have forgotten them: they are uploaded anew for the next message.
    ForgetUploads,
}

/// The code under which Meta says no more than that a request is wrong; what is wrong stands in `error_subcode`.
const INVALID_PARAMETER: i64 = 100;

/// The code whose entry holds for an error: (code, subcode) is one key of the table.
///
/// 1. A subcode that the table has as a code decides where the code is 100, or one nobody knows: 100 with 33 is a number that is gone or
///    not the token's, 100 with 133010 one that is not registered.
/// 2. Otherwise the code decides. Codes that say what is wrong carry subcodes of no meaning: 130429 comes with 2494055.
pub fn decisive(code: i64, subcode: Option<i64>) -> i64 {
    match subcode {
        Some(subcode) if (code == INVALID_PARAMETER || !is_known(code)) && is_known(subcode) => subcode,
        _ => code,
    }
}

fn is_known(code: i64) -> bool {
    entry(code).knows(code)
}

/// The entry of a code; for one nobody knows, an entry that says so.
pub fn entry(code: i64) -> &'static Entry {
    table::TABLE
        .iter()
        .find(|entry| entry.knows(code))
        .unwrap_or(&table::UNKNOWN)
}

/// Every entry, by code.
pub fn all() -> &'static [Entry] {
    table::TABLE
}

impl Entry {
    pub fn knows(&self, code: i64) -> bool {
        self.codes.contains(&code)
    }

    /// `190`, or `200-299`.
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

    pub fn has(&self, effect: Effect) -> bool {
        self.effects.contains(&effect)
    }
}

impl Effect {
    /// The name in metrics.
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
    /// The name in metrics and in the API.
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

/// The longest time a message is parked.
const LONGEST_PARK: u32 = 14 * 24;

impl Retry {
    /// How long to rest after the given attempt (1 is the first); `None` where time alone does not help. `chance` is
    /// drawn by the caller, from 0 to 1.
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
                let hours = hours.saturating_mul(2_u32.saturating_pow(before)).min(LONGEST_PARK);
                Some(TimeDelta::hours(i64::from(hours)))
            }
            Self::Wait { minutes } => Some(TimeDelta::minutes(i64::from(minutes))),
        }
    }
}

#[cfg(test)]
mod tests;
