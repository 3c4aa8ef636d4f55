//! From an answer to what is written of it.

use chrono::{DateTime, Utc};

use super::{
    call::{Called, Outcome},
    desk::{News, Result},
    schedule::wait_after,
    standing::{self, Meant, Verdict},
};
use crate::{
    config::Deliveries,
    domain::DeliveryState,
    store::{
        deliveries::{Ended, Pace},
        endpoints::{Endpoint, Standing},
    },
};

/// The answer of an endpoint that is no more.
const GONE: u16 = 410;

/// What the line does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    GoOn,
    /// The breaker is open.
    Rest,
    Disabled,
}

/// Says what is to be written of an attempt, notes it in the endpoint's standing, and says what the line does next.
pub fn conclude(
    called: Called,
    (endpoint, standing): (&Endpoint, &mut Standing),
    meant: Meant,
    terms: &Deliveries,
    now: DateTime<Utc>,
) -> (Result, After) {
    let (state, due_at) = fate(&called, terms, now);
    let mut verdict = Verdict::Nothing;
    let worth = match called.outcome {
        Outcome::Succeeded => standing::succeed(standing, now),
        Outcome::Expired => false,
        _ => {
            let error = called.error.as_deref().unwrap_or_default();
            verdict = standing::fail(standing, (error, meant), called.asked, now);
            true
        }
    };
    let gone = called.status == Some(GONE) && called.outcome == Outcome::Status;
    let news = match verdict {
        _ if gone => Some(disabled(
            endpoint,
            "it answered 410 Gone, which says that it wants no more events",
        )),
        Verdict::Disable => Some(disabled(endpoint, "nothing but failures for five days")),
        Verdict::Warn => Some(News::Failing { host: host(endpoint) }),
        Verdict::Trip => Some(News::Tripped),
        Verdict::Nothing => None,
    };
    let after = match &news {
        Some(News::Disabled { .. }) => After::Disabled,
        _ if called.outcome != Outcome::Succeeded && standing.tripped_at.is_some() => After::Rest,
        _ => After::GoOn,
    };
    let pace = called
        .due
        .order_key
        .filter(|_| state == DeliveryState::Pending || called.due.attempts > 0);
    let result = Result {
        pace: pace.map(|key| Pace {
            endpoint: endpoint.id,
            key,
            due_at,
        }),
        ended: Ended {
            tenant: endpoint.tenant_id,
            endpoint: endpoint.id,
            delivery: called.due.id,
            number: called.due.attempts + 1,
            attempts_before: called.due.attempts_before,
            started_at: called.started_at,
            duration_us: called.duration_us,
            outcome: called.outcome.as_str(),
            http_status: called.status.map(i64::from),
            error: called.error,
            answer: called.answer,
            state,
            due_at,
        },
        standing: worth.then(|| (endpoint.revision, standing.clone())),
        news,
    };
    (result, after)
}

fn disabled(endpoint: &Endpoint, reason: &'static str) -> News {
    News::Disabled {
        host: host(endpoint),
        reason,
    }
}

/// The host that the endpoint's address names, with the port where there is one.
fn host(endpoint: &Endpoint) -> String {
    let uri: Option<http::Uri> = endpoint.url.parse().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    authority.map(ToString::to_string).unwrap_or_default()
}

/// How the delivery stands after the attempt, and when it is tried again or that was.
fn fate(called: &Called, terms: &Deliveries, now: DateTime<Utc>) -> (DeliveryState, DateTime<Utc>) {
    match called.outcome {
        Outcome::Succeeded => return (DeliveryState::Done, now),
        Outcome::Expired => return (DeliveryState::Dead, now),
        _ => {}
    }
    let attempts = called.due.attempts + 1 - called.due.attempts_before;
    match wait_after(attempts, &terms.schedule, rand::random()) {
        Some(wait) => (DeliveryState::Pending, now + called.asked.unwrap_or(wait)),
        None => (DeliveryState::Dead, now),
    }
}
