//! Converts Meta's answer to a message transition, and to an outcome for the queue.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    breaker, effects,
    reserve::{PreparedAttempt, limited_number, recipient_key},
    retry::{MAX_RETRY_AGE, RetryDecision, decide_retry},
    sendable::transition,
};
use crate::{
    domain::{AttemptOutcome, HoldReason, MessageId, RecipientKind, Status},
    messaging::{
        Conclusion, ConclusionResult, MessagingService, RejectedAttempt,
        store::sends::{AttemptEnd, DueSend, MessageTransition},
    },
    provider::{Accepted, ProviderError, SendOutcome, errors::Effect, webhook::phone},
    queue::Outcome,
    rate_limit::MetaFeedback,
    records::messages::{MessageRef, NamedRecipient, Names},
};

/// Recheck delay of a message whose conclusion was not written, or whose attempt had ended otherwise.
const RECHECK_DELAY: Duration = Duration::from_secs(1);
/// Minimum and maximum delay after a call that could not be made; doubled with each attempt.
const MIN_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// An attempt with the result of its call.
pub(crate) struct CompletedAttempt {
    pub attempt: PreparedAttempt,
    pub result: SendOutcome,
}

/// Hands the conclusion to the writer and returns the outcome for the queue.
pub async fn conclude(service: &MessagingService, completed: CompletedAttempt) -> (MessageId, Outcome) {
    let Interpretation { end, outcome } = interpret(service, &completed);
    let id = end.transition.message;
    let CompletedAttempt { attempt, result } = &completed;
    let unsent = matches!(
        result,
        SendOutcome::Rejected(_) | SendOutcome::Unreachable { .. } | SendOutcome::NotSent { .. }
    );
    let conclusion = Conclusion {
        named: match result {
            SendOutcome::Accepted(accepted) => named(&attempt.message.due, accepted, service.clock.now()),
            _ => None,
        },
        held: match &outcome {
            Outcome::Quarantine { .. } => Some(HoldReason::Breaker),
            Outcome::RetryAfter { .. } if matches!(result, SendOutcome::Unreachable { .. }) => {
                Some(HoldReason::ProviderUnreachable)
            }
            _ => None,
        },
        uncounted: attempt
            .counted
            .clone()
            .filter(|_| unsent)
            .map(|key| (key, attempt.message.due.contact_id)),
        rejected: match result {
            SendOutcome::Rejected(error) => Some(RejectedAttempt {
                due: attempt.message.due.clone(),
                code: error.code,
                title: error.title.clone(),
                tried_at: attempt.started_at,
            }),
            _ => None,
        },
        end,
    };
    let written = service.conclusions.put(conclusion).await;
    apply_channel_effects(service, &completed).await;
    match written {
        ConclusionResult::Ended => (id, outcome),
        ConclusionResult::Known | ConclusionResult::Lost => {
            let until = service.clock.now() + RECHECK_DELAY;
            (id, Outcome::Snooze { until })
        }
    }
}

/// Returns the recipient's names in Meta's answer that differ from the address that the message was sent to; `None` without any.
fn named(due: &DueSend, accepted: &Accepted, at: DateTime<Utc>) -> Option<NamedRecipient> {
    let names = names((due.recipient_kind, &due.recipient), accepted);
    (names != Names::default()).then_some(NamedRecipient {
        tenant: due.tenant_id,
        of: MessageRef::Id(due.id),
        names,
        at,
    })
}

fn names((kind, dialled): (RecipientKind, &str), accepted: &Accepted) -> Names {
    let is_new = |name: &String| name != dialled && kind != RecipientKind::Group;
    Names {
        phone: accepted.wa_id.as_deref().and_then(phone).filter(is_new),
        user_id: accepted.user_id.clone().filter(is_new),
        ..Names::default()
    }
}

/// Reports the result to the rate limiter, and trips the channel's circuit breaker if the error says so.
async fn apply_channel_effects(service: &MessagingService, completed: &CompletedAttempt) {
    let route = &completed.attempt.message.route;
    let error = match &completed.result {
        SendOutcome::Accepted(_) => return record_feedback(service, completed, MetaFeedback::Accepted).await,
        SendOutcome::Rejected(error) => error,
        SendOutcome::Unknown { .. } | SendOutcome::Unreachable { .. } | SendOutcome::NotSent { .. } => return,
    };
    match effects::limiter_feedback(error.code) {
        Some(answer) => {
            effects::log_limit(route.channel, error.code);
            record_feedback(service, completed, answer).await;
        }
        None if error.entry().has_effect(Effect::TripChannel) => {
            if let Err(why) = breaker::trip(service, route.channel, error.code, &error.to_string()).await {
                tracing::warn!(error = %why, channel.id = %route.channel, "a circuit breaker could not be tripped; the next rejection does");
            }
        }
        None => {}
    }
}

/// Ignores an unavailable rate limiter: Meta's next answer reports the same.
async fn record_feedback(service: &MessagingService, completed: &CompletedAttempt, answer: MetaFeedback) {
    let number = limited_number(&completed.attempt.message.route);
    let _ = service
        .rate_limiter
        .record_feedback(&number, &recipient_key(&completed.attempt.message.due), answer)
        .await;
}

struct Interpretation {
    end: AttemptEnd,
    outcome: Outcome,
}

fn interpret(service: &MessagingService, completed: &CompletedAttempt) -> Interpretation {
    let CompletedAttempt { attempt, result } = completed;
    let now = service.clock.now();
    let transition = transition(&attempt.message.due, Status::Queued, None);
    let end = |outcome, transition| AttemptEnd {
        attempt: attempt.id,
        outcome,
        http_status: None,
        transition,
    };
    match result {
        SendOutcome::Accepted(accepted) => {
            let wamid = Some(accepted.wamid.clone());
            let (status, transition) = (Status::Accepted, transition);
            Interpretation {
                end: end(
                    AttemptOutcome::Accepted,
                    MessageTransition {
                        status,
                        wamid,
                        ..transition
                    },
                ),
                outcome: Outcome::Done,
            }
        }
        SendOutcome::Rejected(error) => {
            let decision = decide_retry(error.code, attempt.number, &attempt.message.due, now);
            let (status, outcome) = match decision {
                RetryDecision::Fail => (Status::Failed, Outcome::Done),
                RetryDecision::Retry(until) => (Status::Queued, Outcome::Snooze { until }),
                RetryDecision::Trip => (Status::Queued, Outcome::quarantine(error)),
            };
            Interpretation {
                end: with_error(
                    error,
                    end(AttemptOutcome::Rejected, MessageTransition { status, ..transition }),
                ),
                outcome,
            }
        }
        SendOutcome::Unknown { why, error } => {
            let status = Status::Unknown;
            let unknown = end(AttemptOutcome::Unknown, MessageTransition { status, ..transition });
            let mut unknown = match error {
                Some(error) => with_error(error, unknown),
                None => unknown,
            };
            unknown.transition.error_details = Some(why.clone());
            metrics::counter!("mainstay_sends_unknown_total").increment(1);
            Interpretation {
                end: unknown,
                outcome: Outcome::Snooze {
                    until: now + service.unknown_window,
                },
            }
        }
        SendOutcome::Unreachable { why } | SendOutcome::NotSent { why } => {
            let doubled =
                MIN_RETRY_DELAY * 2_u32.saturating_pow(u32::try_from(attempt.number - 1).unwrap_or(u32::MAX).min(10));
            let (delay, due) = (doubled.min(MAX_RETRY_DELAY), &attempt.message.due);
            // A message with an expiry is due until it expires.
            let gave_up = due.expires_at.is_none() && now + delay >= due.starts_at + MAX_RETRY_AGE;
            let (status, outcome) = match gave_up {
                false => (Status::Queued, Outcome::retry_after(delay, why)),
                true => (Status::Failed, Outcome::Done),
            };
            let mut not_sent = end(AttemptOutcome::NotSent, MessageTransition { status, ..transition });
            not_sent.transition.error_details = Some(why.clone());
            if gave_up {
                not_sent.transition.error_title = Some(format!("Meta could not be reached in time: {why}"));
            }
            Interpretation { end: not_sent, outcome }
        }
    }
}

fn with_error(error: &ProviderError, end: AttemptEnd) -> AttemptEnd {
    AttemptEnd {
        http_status: Some(i64::from(error.http_status)),
        transition: MessageTransition {
            error_details: error.details.clone(),
            error_code: Some(error.code),
            error_title: Some(error.title.clone()),
            ..end.transition
        },
        ..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_names_the_address_dialled_names_nobody() {
        let accepted = |wa_id: Option<&str>, user_id: Option<&str>| Accepted {
            wamid: "wamid.1".to_owned(),
            wa_id: wa_id.map(str::to_owned),
            user_id: user_id.map(str::to_owned),
            message_status: None,
        };
        let nobody = Names::default();
        for (dialled, answer) in [
            (
                (RecipientKind::Phone, "5511988887777"),
                accepted(Some("5511988887777"), None),
            ),
            (
                (RecipientKind::Phone, "5511988887777"),
                accepted(Some("+55 11 98888-7777"), None),
            ),
            ((RecipientKind::Phone, "5511988887777"), accepted(None, None)),
            ((RecipientKind::UserId, "BR.1"), accepted(None, Some("BR.1"))),
            (
                (RecipientKind::Group, "G1"),
                accepted(Some("5511988887777"), Some("BR.1")),
            ),
        ] {
            assert_eq!(names(dialled, &answer), nobody, "{dialled:?}");
        }
        let other = Names {
            phone: Some("551188887777".to_owned()),
            user_id: Some("BR.1".to_owned()),
            ..Names::default()
        };
        let answer = accepted(Some("551188887777"), Some("BR.1"));
        assert_eq!(names((RecipientKind::Phone, "5511988887777"), &answer), other);
    }
}
