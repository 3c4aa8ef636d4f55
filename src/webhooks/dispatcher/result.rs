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
    webhooks::store::{
        deliveries::Ended,
        endpoints::{Endpoint, Standing},
    },
};

/// The answer of an endpoint that is no more.
const GONE: u16 = 410;

/// What the line does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    GoOn,
    /// The breaker is open, or the endpoint asked to be left alone.
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
        Outcome::Succeeded => standing::succeed(standing, meant, now),
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
    let failed = !matches!(called.outcome, Outcome::Succeeded | Outcome::Expired);
    let rests = standing.tripped_at.is_some() || standing.probe_at.is_some_and(|at| at > now);
    let after = match &news {
        Some(News::Disabled { .. }) => After::Disabled,
        _ if failed && rests => After::Rest,
        _ => After::GoOn,
    };
    // What comes after it was put off for as long as it had failed.
    let freed = called
        .due
        .order_key
        .filter(|_| state != DeliveryState::Pending && called.due.attempts > 0);
    let result = Result {
        freed,
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
        // Who asks for less than the schedule's wait gets that: each attempt counts, and they are to last for days.
        Some(wait) => (
            DeliveryState::Pending,
            now + called.asked.map_or(wait, |asked| asked.max(wait)),
        ),
        None => (DeliveryState::Dead, now),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::{DeliveryId, EndpointId, EventId, Id, TenantId},
        webhooks::store::deliveries::Due,
    };

    fn start() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            id: EndpointId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            url: "https://example.com/hook".to_owned(),
            description: None,
            event_types: "[]".to_owned(),
            channels: None,
            rate_limit_per_second: None,
            headers: None,
            ordered: false,
            max_concurrent: 10,
            secret: Vec::new(),
            previous_secret: None,
            previous_secret_until: None,
            disabled_at: None,
            disabled_reason: None,
            created_at: start(),
            updated_at: start(),
            revision: 0,
            standing: Standing::default(),
        }
    }

    fn called(outcome: Outcome, asked: Option<TimeDelta>) -> Called {
        let due = Due {
            revision: 0,
            endpoint_id: EndpointId::from_uuid(Uuid::nil()),
            id: DeliveryId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            event_id: EventId::from_uuid(Uuid::nil()),
            sequence: 1,
            order_key: None,
            attempts: 0,
            attempts_before: 0,
            due_at: start(),
            kind: "message.received".to_owned(),
            occurred_at: None,
            data: None,
        };
        Called {
            due,
            started_at: start(),
            duration_us: 1,
            outcome,
            status: None,
            error: None,
            answer: None,
            asked,
        }
    }

    fn terms() -> Deliveries {
        Deliveries {
            schedule: vec![Duration::from_secs(300)],
            timeout: Duration::from_secs(15),
            concurrency: 1,
            retention: TimeDelta::days(30),
        }
    }

    #[test]
    fn who_asks_for_a_longer_wait_gets_it_and_a_shorter_one_costs_no_attempts() {
        let wait = |asked: i64| {
            let called = called(Outcome::Status, Some(TimeDelta::seconds(asked)));
            fate(&called, &terms(), start()).1 - start()
        };
        assert_eq!(wait(3_600), TimeDelta::hours(1));
        assert!(wait(1) >= TimeDelta::seconds(240), "{}", wait(1));
    }

    #[test]
    fn a_probe_that_found_nothing_to_send_is_no_reason_to_rest() {
        let (endpoint, terms) = (endpoint(), terms());
        let after = |outcome| {
            let mut standing = Standing {
                tripped_at: Some(start()),
                probe_at: Some(start()),
                ..Standing::default()
            };
            let probe = called(outcome, None);
            conclude(probe, (&endpoint, &mut standing), Meant::Probe, &terms, start()).1
        };
        assert_eq!(after(Outcome::Expired), After::GoOn);
        assert_eq!(after(Outcome::Succeeded), After::GoOn);
        assert_eq!(after(Outcome::Timeout), After::Rest);
    }
}
