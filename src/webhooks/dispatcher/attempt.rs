use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Parts,
    place::{Place, body},
    schedule::retry_after,
};
use crate::{
    egress::{Error, Post, Posted, Refused, Reply, on_behalf},
    webhooks::store::deliveries::Due,
};

/// How much of an answer is kept.
const ANSWER: usize = 4_096;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// Answered, but not with 2xx.
    Status,
    Redirect,
    Timeout,
    /// No connection, or none that held, or no HTTP.
    Unreachable,
    /// Not visited: the address is not public.
    Refused,
    /// There is nothing to send any more: the event is kept no longer.
    Expired,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::Status => "status",
            Outcome::Redirect => "redirect",
            Outcome::Timeout => "timeout",
            Outcome::Unreachable => "unreachable",
            Outcome::Refused => "refused",
            Outcome::Expired => "expired",
        }
    }
}

/// An attempt that was made.
pub struct Called {
    pub due: Due,
    pub started_at: DateTime<Utc>,
    pub duration_us: i64,
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub error: Option<String>,
    /// The beginning of what was answered.
    pub answer: Option<String>,
    /// How long it asked us to wait.
    pub asked: Option<TimeDelta>,
}

/// Makes one attempt.
pub async fn call(parts: &Parts, place: &Place, due: Due) -> Called {
    let started_at = parts.subscriptions.clock.now();
    let Some(body) = body(&due) else {
        let why = "the event is kept no longer, so there is nothing to send";
        return unmade(due, started_at, Outcome::Expired, why.to_owned());
    };
    let target = match &place.target {
        Ok(target) => target,
        Err(why) => return unmade(due, started_at, Outcome::Refused, why.to_string()),
    };
    let _in_flight = InFlight::begin();
    let posted = parts.subscriptions.egress.post(Post {
        target,
        headers: place.headers(&due, &body, started_at),
        body,
        within: parts.terms.timeout,
        most: ANSWER,
    });
    let posted = on_behalf(due.tenant_id, posted).await;
    let called = read(due, started_at, posted);
    metrics::counter!("mainstay_delivery_attempts_total", "outcome" => called.outcome.as_str()).increment(1);
    metrics::histogram!("mainstay_delivery_attempt_seconds").record(called.duration_us as f64 / 1_000_000.0);
    called
}

/// Counts a request while it is under way, also when its line is stopped half way.
struct InFlight(metrics::Gauge);

impl InFlight {
    fn begin() -> Self {
        let gauge = metrics::gauge!("mainstay_deliveries_in_flight");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// An attempt that ended before a request was made.
fn unmade(due: Due, started_at: DateTime<Utc>, outcome: Outcome, why: String) -> Called {
    metrics::counter!("mainstay_delivery_attempts_total", "outcome" => outcome.as_str()).increment(1);
    Called {
        due,
        started_at,
        duration_us: 0,
        outcome,
        status: None,
        error: Some(why),
        answer: None,
        asked: None,
    }
}

fn read(due: Due, started_at: DateTime<Utc>, posted: Posted) -> Called {
    let reply = posted.reply.unwrap_or_default();
    let (outcome, error) = judge(&reply, posted.error.as_ref());
    let after = reply
        .retry_after
        .as_deref()
        .filter(|_| matches!(reply.status, 429 | 503));
    let took = i64::try_from(posted.took.as_micros()).unwrap_or(i64::MAX);
    Called {
        due,
        started_at,
        duration_us: took,
        outcome,
        status: (reply.status > 0).then_some(reply.status),
        error,
        answer: text(&reply.body),
        asked: after.and_then(|text| retry_after(text, started_at + TimeDelta::microseconds(took))),
    }
}

fn judge(reply: &Reply, error: Option<&Error>) -> (Outcome, Option<String>) {
    let outcome = match (error, reply.status) {
        (None, 200..=299) => return (Outcome::Succeeded, None),
        (None, 300..=399) => Outcome::Redirect,
        (None, _) => Outcome::Status,
        (Some(Error::Refused(Refused::Address { .. } | Refused::Name)), _) => Outcome::Refused,
        (Some(Error::Timeout), _) => Outcome::Timeout,
        (Some(_), _) => Outcome::Unreachable,
    };
    let words = match (outcome, error) {
        (_, Some(error)) => error.to_string(),
        (Outcome::Redirect, None) => Error::Redirected(reply.status).to_string(),
        _ => Error::Status(reply.status).to_string(),
    };
    (outcome, Some(words))
}

/// As text, whatever it is; nothing if there was nothing. PostgreSQL takes no NUL.
fn text(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer).replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}
