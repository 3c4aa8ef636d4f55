//! Turns a finished attempt into the result that is stored and the worker's next step.

use chrono::{DateTime, Utc};

use super::{
    attempt::{DeliveryOutcome, FinishedDeliveryAttempt},
    breaker::{self, AttemptKind, FailureEffect},
    result_writer::{AttemptReport, EndpointNotice},
    schedule::retry_delay,
};
use crate::{
    config::Deliveries,
    domain::DeliveryState,
    webhooks::store::{
        deliveries::AttemptConclusion,
        endpoints::{Endpoint, EndpointHealth},
    },
};

/// The status of an endpoint that wants no more events.
const GONE: u16 = 410;

/// What the worker does after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryNextStep {
    Continue,
    /// The breaker is open, or the endpoint sent `Retry-After`.
    Pause,
    Disabled,
}

/// Determines the result of an attempt to store, updates the endpoint's health, and returns the worker's next step.
pub fn conclude(
    attempt: FinishedDeliveryAttempt,
    endpoint: &Endpoint,
    health: &mut EndpointHealth,
    kind: AttemptKind,
    config: &Deliveries,
    now: DateTime<Utc>,
) -> (AttemptReport, DeliveryNextStep) {
    let (state, due_at) = next_state(&attempt, config, now);
    let mut effect = FailureEffect::Nothing;
    let worth = match attempt.outcome {
        DeliveryOutcome::Succeeded => breaker::record_success(health, kind, now),
        DeliveryOutcome::Expired => false,
        _ => {
            let error = attempt.error.as_deref().unwrap_or_default();
            effect = breaker::record_failure(health, error, kind, attempt.retry_after, now);
            true
        }
    };
    let gone = attempt.status == Some(GONE) && attempt.outcome == DeliveryOutcome::Status;
    let notice = match effect {
        _ if gone => Some(disabled(
            endpoint,
            "it answered 410 Gone, which says that it wants no more events",
        )),
        FailureEffect::Disable => Some(disabled(endpoint, "nothing but failures for five days")),
        FailureEffect::Warn => Some(EndpointNotice::Failing { host: host(endpoint) }),
        FailureEffect::Trip => Some(EndpointNotice::Tripped),
        FailureEffect::Nothing => None,
    };
    let failed = !matches!(attempt.outcome, DeliveryOutcome::Succeeded | DeliveryOutcome::Expired);
    let rests = health.tripped_at.is_some() || health.probe_at.is_some_and(|at| at > now);
    let after = match &notice {
        Some(EndpointNotice::Disabled { .. }) => DeliveryNextStep::Disabled,
        _ if failed && rests => DeliveryNextStep::Pause,
        _ => DeliveryNextStep::Continue,
    };
    // Later deliveries of the conversation were deferred for as long as this one had failed.
    let freed = attempt
        .due
        .order_key
        .filter(|_| state != DeliveryState::Pending && attempt.due.attempts > 0);
    let result = AttemptReport {
        freed,
        ended: AttemptConclusion {
            tenant: endpoint.tenant_id,
            endpoint: endpoint.id,
            delivery: attempt.due.id,
            number: attempt.due.attempts + 1,
            attempts_before: attempt.due.attempts_before,
            started_at: attempt.started_at,
            duration_us: attempt.duration_us,
            outcome: attempt.outcome.as_str(),
            http_status: attempt.status.map(i64::from),
            error: attempt.error,
            answer: attempt.answer,
            state,
            due_at,
        },
        health: worth.then(|| (endpoint.revision, health.clone())),
        notice,
    };
    (result, after)
}

fn disabled(endpoint: &Endpoint, reason: &'static str) -> EndpointNotice {
    EndpointNotice::Disabled {
        host: host(endpoint),
        reason,
    }
}

/// Returns the host of the endpoint's URL, with the port if there is one.
fn host(endpoint: &Endpoint) -> String {
    let uri: Option<http::Uri> = endpoint.url.parse().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    authority.map(ToString::to_string).unwrap_or_default()
}

/// Returns the state of the delivery after the attempt, and when it is due again or finished.
fn next_state(
    attempt: &FinishedDeliveryAttempt,
    config: &Deliveries,
    now: DateTime<Utc>,
) -> (DeliveryState, DateTime<Utc>) {
    match attempt.outcome {
        DeliveryOutcome::Succeeded => return (DeliveryState::Done, now),
        DeliveryOutcome::Expired => return (DeliveryState::Dead, now),
        _ => {}
    }
    let attempts = attempt.due.attempts + 1 - attempt.due.attempts_before;
    match retry_delay(attempts, &config.schedule, rand::random()) {
        // A `Retry-After` shorter than the schedule's wait is ignored: each attempt counts, and they are to last for days.
        Some(wait) => (
            DeliveryState::Pending,
            now + attempt.retry_after.map_or(wait, |retry_after| retry_after.max(wait)),
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
        webhooks::store::deliveries::DueDelivery,
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
            created_by: None,
            revision: 0,
            health: EndpointHealth::default(),
        }
    }

    fn attempt(outcome: DeliveryOutcome, retry_after: Option<TimeDelta>) -> FinishedDeliveryAttempt {
        let due = DueDelivery {
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
        FinishedDeliveryAttempt {
            due,
            started_at: start(),
            duration_us: 1,
            outcome,
            status: None,
            error: None,
            answer: None,
            retry_after,
        }
    }

    fn config() -> Deliveries {
        Deliveries {
            schedule: vec![Duration::from_secs(300)],
            timeout: Duration::from_secs(15),
            concurrency: 1,
            retention: TimeDelta::days(30),
        }
    }

    #[test]
    fn who_asks_for_a_longer_wait_gets_it_and_a_shorter_one_costs_no_attempts() {
        let wait = |retry_after: i64| {
            let attempt = attempt(DeliveryOutcome::Status, Some(TimeDelta::seconds(retry_after)));
            next_state(&attempt, &config(), start()).1 - start()
        };
        assert_eq!(wait(3_600), TimeDelta::hours(1));
        assert!(wait(1) >= TimeDelta::seconds(240), "{}", wait(1));
    }

    #[test]
    fn a_probe_that_found_nothing_to_send_is_no_reason_to_rest() {
        let (endpoint, config) = (endpoint(), config());
        let after = |outcome| {
            let mut health = EndpointHealth {
                tripped_at: Some(start()),
                probe_at: Some(start()),
                ..EndpointHealth::default()
            };
            let probe = attempt(outcome, None);
            conclude(probe, &endpoint, &mut health, AttemptKind::Probe, &config, start()).1
        };
        assert_eq!(after(DeliveryOutcome::Expired), DeliveryNextStep::Continue);
        assert_eq!(after(DeliveryOutcome::Succeeded), DeliveryNextStep::Continue);
        assert_eq!(after(DeliveryOutcome::Timeout), DeliveryNextStep::Pause);
    }
}
