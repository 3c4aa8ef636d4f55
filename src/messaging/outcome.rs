//! What Meta answered, made into where the message stands and when to look at it again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    breaker, effects,
    ready::place,
    reserve::{Call, number, pair},
    verdict::{PATIENCE, Verdict, verdict},
};
use crate::{
    domain::{AttemptOutcome, HoldReason, MessageId, RecipientKind, Status},
    messaging::{
        Conclusion, MessagingService, Refused, Written,
        store::sends::{Due, End, Placed},
    },
    meta::{
        graph::{Accepted, GraphError, SendOutcome, errors::Effect},
        webhook::phone,
    },
    queue::Outcome,
    rate_limit::MetaFeedback,
    records::messages::{MessageRef, NamedRecipient, Names},
};

/// When to look again at a message whose attempt ended otherwise than the answer says, or could not be written.
const SOON: Duration = Duration::from_secs(1);
/// The rests after calls that could not be made: they double up to the longest.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A call that was made.
pub struct Called {
    pub call: Call,
    pub sent: SendOutcome,
}

/// Has written what came of a call, and says when the message is to be looked at again.
pub async fn conclude(service: &MessagingService, called: Called) -> (MessageId, Outcome) {
    let Judged { end, outcome } = judge(service, &called);
    let id = end.placed.message;
    let Called { call, sent } = &called;
    let unsent = matches!(sent, SendOutcome::Rejected(_) | SendOutcome::NotSent { .. });
    let conclusion = Conclusion {
        named: match sent {
            SendOutcome::Accepted(accepted) => named(&call.ready.due, accepted, service.clock.now()),
            _ => None,
        },
        held: matches!(outcome, Outcome::Quarantine { .. }).then_some(HoldReason::Breaker),
        uncounted: call
            .counted
            .clone()
            .filter(|_| unsent)
            .map(|key| (key, call.ready.due.contact_id)),
        refused: match sent {
            SendOutcome::Rejected(error) => Some(Refused {
                due: call.ready.due.clone(),
                code: error.code,
                title: error.title.clone(),
                tried_at: call.started_at,
            }),
            _ => None,
        },
        end,
    };
    let written = service.conclusions.put(conclusion).await;
    hear(service, &called).await;
    match written {
        Written::Ended => (id, outcome),
        Written::Known | Written::Lost => {
            let until = service.clock.now() + SOON;
            (id, Outcome::Snooze { until })
        }
    }
}

/// What Meta calls the recipient; `None` if that is the address that was dialled.
fn named(due: &Due, accepted: &Accepted, at: DateTime<Utc>) -> Option<NamedRecipient> {
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

/// What follows beyond the message: for the governor, and for the channel.
async fn hear(service: &MessagingService, called: &Called) {
    let route = &called.call.ready.route;
    let error = match &called.sent {
        SendOutcome::Accepted(_) => return note(service, called, MetaFeedback::Accepted).await,
        SendOutcome::Rejected(error) => error,
        SendOutcome::Unknown { .. } | SendOutcome::NotSent { .. } => return,
    };
    match effects::answer(error.code) {
        Some(answer) => note(service, called, answer).await,
        None if error.entry().has_effect(Effect::TripChannel) => {
            if let Err(why) = breaker::trip(service, route.channel, error.code, &error.to_string()).await {
                tracing::warn!(error = %why, channel.id = %route.channel, "a breaker could not be tripped; the next refusal trips it");
            }
        }
        None => {}
    }
}

/// The governor may be away: it will hear of it again from Meta.
async fn note(service: &MessagingService, called: &Called, answer: MetaFeedback) {
    let number = number(&called.call.ready.route);
    let _ = service
        .rate_limiter
        .record_feedback(&number, &pair(&called.call.ready.due), answer)
        .await;
}

struct Judged {
    end: End,
    outcome: Outcome,
}

fn judge(service: &MessagingService, called: &Called) -> Judged {
    let Called { call, sent } = called;
    let now = service.clock.now();
    let placed = place(&call.ready.due, Status::Queued, None);
    let end = |outcome, placed| End {
        attempt: call.attempt,
        outcome,
        http_status: None,
        error_details: None,
        placed,
    };
    match sent {
        SendOutcome::Accepted(accepted) => {
            let wamid = Some(accepted.wamid.clone());
            let (status, placed) = (Status::Accepted, placed);
            Judged {
                end: end(
                    AttemptOutcome::Accepted,
                    Placed {
                        status,
                        wamid,
                        ..placed
                    },
                ),
                outcome: Outcome::Done,
            }
        }
        SendOutcome::Rejected(error) => {
            let verdict = verdict(
                error.code,
                call.number,
                call.ready.due.created_at,
                call.ready.due.expires_at,
                now,
            );
            let (status, outcome) = match verdict {
                Verdict::Fail => (Status::Failed, Outcome::Done),
                Verdict::Again(until) => (Status::Queued, Outcome::Snooze { until }),
                Verdict::Trip => (Status::Queued, Outcome::quarantine(error)),
            };
            Judged {
                end: told(error, end(AttemptOutcome::Rejected, Placed { status, ..placed })),
                outcome,
            }
        }
        SendOutcome::Unknown { why, error } => {
            let status = Status::Unknown;
            let unknown = end(AttemptOutcome::Unknown, Placed { status, ..placed });
            let mut unknown = match error {
                Some(error) => told(error, unknown),
                None => unknown,
            };
            unknown.error_details = Some(why.clone());
            metrics::counter!("mainstay_sends_unknown_total").increment(1);
            Judged {
                end: unknown,
                outcome: Outcome::Snooze {
                    until: now + service.unknown_window,
                },
            }
        }
        SendOutcome::NotSent { why } => {
            let doubled = FIRST_REST * 2_u32.saturating_pow(u32::try_from(call.number - 1).unwrap_or(u32::MAX).min(10));
            let rest = TimeDelta::from_std(doubled.min(LONGEST_REST)).unwrap_or(TimeDelta::seconds(60));
            let (until, due) = (now + rest, &call.ready.due);
            // One with a time of its own expires.
            let over = due.expires_at.is_none() && until >= due.created_at + PATIENCE;
            let (status, outcome) = match over {
                false => (Status::Queued, Outcome::Snooze { until }),
                true => (Status::Failed, Outcome::Done),
            };
            let mut not_sent = end(AttemptOutcome::NotSent, Placed { status, ..placed });
            not_sent.error_details = Some(why.clone());
            if over {
                not_sent.placed.error_title = Some(format!("Meta could not be reached in time: {why}"));
            }
            Judged { end: not_sent, outcome }
        }
    }
}

fn told(error: &GraphError, end: End) -> End {
    End {
        http_status: Some(i64::from(error.http_status)),
        error_details: error.details.clone(),
        placed: Placed {
            error_code: Some(error.code),
            error_title: Some(error.title.clone()),
            ..end.placed
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
