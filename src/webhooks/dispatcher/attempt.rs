//! One attempt of a delivery: the HTTP request and its outcome.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    DispatcherInner,
    destination::{Destination, body},
    schedule::retry_after,
};
use crate::{
    egress::{Error, PartialResponse, Post, PostOutcome, UrlRefused, for_tenant},
    webhooks::store::deliveries::DueDelivery,
};

/// Number of bytes of an answer that are stored.
const STORED_ANSWER_BYTES: usize = 4_096;

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    Succeeded,
    /// An answer other than 2xx.
    Status,
    Redirect,
    Timeout,
    /// No connection, a broken one, or no HTTP.
    Unreachable,
    /// Not sent: the address is not public.
    Refused,
    /// Not sent: the event is no longer stored.
    Expired,
}

impl DeliveryOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryOutcome::Succeeded => "succeeded",
            DeliveryOutcome::Status => "status",
            DeliveryOutcome::Redirect => "redirect",
            DeliveryOutcome::Timeout => "timeout",
            DeliveryOutcome::Unreachable => "unreachable",
            DeliveryOutcome::Refused => "refused",
            DeliveryOutcome::Expired => "expired",
        }
    }
}

/// A finished attempt.
pub(crate) struct FinishedDeliveryAttempt {
    pub due: DueDelivery,
    pub started_at: DateTime<Utc>,
    pub duration_us: i64,
    pub outcome: DeliveryOutcome,
    pub status: Option<u16>,
    pub error: Option<String>,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// The wait that the endpoint asked for with `Retry-After`.
    pub retry_after: Option<TimeDelta>,
}

/// Makes one attempt.
pub(crate) async fn send_request(
    dispatcher: &DispatcherInner,
    destination: &Destination,
    due: DueDelivery,
) -> FinishedDeliveryAttempt {
    let started_at = dispatcher.webhooks.clock.now();
    let Some(body) = body(&due) else {
        let why = "the event is no longer stored, so there is nothing to send";
        return not_sent(due, started_at, DeliveryOutcome::Expired, why.to_owned());
    };
    let target = match &destination.target {
        Ok(target) => target,
        Err(why) => return not_sent(due, started_at, DeliveryOutcome::Refused, why.to_string()),
    };
    let _in_flight = InFlight::begin();
    let posted = dispatcher.webhooks.egress.post(Post {
        target,
        headers: destination.headers(&due, &body, started_at),
        body,
        timeout: dispatcher.config.timeout,
        max_body_bytes: STORED_ANSWER_BYTES,
    });
    let posted = for_tenant(due.tenant_id, posted).await;
    let attempt = finish(due, started_at, posted);
    metrics::counter!("mainstay_delivery_attempts_total", "outcome" => attempt.outcome.as_str()).increment(1);
    metrics::histogram!("mainstay_delivery_attempt_seconds").record(attempt.duration_us as f64 / 1_000_000.0);
    attempt
}

/// Counts a request in the gauge while it is in flight, also if its worker is stopped half way.
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

/// Returns an attempt that ended before a request was sent.
fn not_sent(
    due: DueDelivery,
    started_at: DateTime<Utc>,
    outcome: DeliveryOutcome,
    why: String,
) -> FinishedDeliveryAttempt {
    metrics::counter!("mainstay_delivery_attempts_total", "outcome" => outcome.as_str()).increment(1);
    FinishedDeliveryAttempt {
        due,
        started_at,
        duration_us: 0,
        outcome,
        status: None,
        error: Some(why),
        answer: None,
        retry_after: None,
    }
}

fn finish(due: DueDelivery, started_at: DateTime<Utc>, posted: PostOutcome) -> FinishedDeliveryAttempt {
    let reply = posted.reply.unwrap_or_default();
    let (outcome, error) = classify(&reply, posted.error.as_ref());
    let after = reply
        .retry_after
        .as_deref()
        .filter(|_| matches!(reply.status, 429 | 503));
    let took = i64::try_from(posted.took.as_micros()).unwrap_or(i64::MAX);
    FinishedDeliveryAttempt {
        due,
        started_at,
        duration_us: took,
        outcome,
        status: (reply.status > 0).then_some(reply.status),
        error,
        answer: text(&reply.body),
        retry_after: after.and_then(|text| retry_after(text, started_at + TimeDelta::microseconds(took))),
    }
}

fn classify(reply: &PartialResponse, error: Option<&Error>) -> (DeliveryOutcome, Option<String>) {
    let outcome = match (error, reply.status) {
        (None, 200..=299) => return (DeliveryOutcome::Succeeded, None),
        (None, 300..=399) => DeliveryOutcome::Redirect,
        (None, _) => DeliveryOutcome::Status,
        (Some(Error::Refused(UrlRefused::Address { .. } | UrlRefused::Name)), _) => DeliveryOutcome::Refused,
        (Some(Error::Timeout), _) => DeliveryOutcome::Timeout,
        (Some(_), _) => DeliveryOutcome::Unreachable,
    };
    let words = match (outcome, error) {
        (_, Some(error)) => error.to_string(),
        (DeliveryOutcome::Redirect, None) => Error::Redirected(reply.status).to_string(),
        _ => Error::Status(reply.status).to_string(),
    };
    (outcome, Some(words))
}

/// Converts an answer to text, lossily, as PostgreSQL stores no NUL. `None` if it is empty.
fn text(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer).replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}
