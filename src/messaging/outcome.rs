//! What Meta answered, made into where the message stands and when to look at it again.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    breaker, record,
    reserve::{Call, number},
    verdict::{Verdict, verdict},
};
use crate::{
    app::App,
    db::Result,
    domain::{MessageId, Status},
    governor::Answer,
    meta::graph::{GraphError, Sent, errors::Class},
    queue::Outcome,
    store::sends::{self, End, Placed},
};

/// The rests after calls that could not be made: they double up to the longest.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A call that was made.
pub struct Called {
    pub call: Call,
    pub sent: Sent,
}

/// Writes what came of these calls in one transaction, and says when each message is to be looked at again.
pub async fn conclude(app: &App, called: Vec<Called>) -> Result<Vec<(MessageId, Outcome)>> {
    for it in &called {
        hear(app, it).await?;
    }
    let judged: Vec<Judged> = called.iter().map(|it| judge(app, it)).collect();
    let ends: Vec<End> = judged.iter().map(|it| it.end.clone()).collect();
    let held: Vec<(MessageId, &'static str)> = judged
        .iter()
        .filter(|it| matches!(it.outcome, Outcome::Quarantine { .. }))
        .map(|it| (it.end.placed.message, "breaker"))
        .collect();
    let mut tx = app.db.begin().await?;
    sends::hold(&mut tx, &held).await?;
    record::write(&mut tx, &app.clock, &ends, Vec::new()).await?;
    tx.commit().await?;
    Ok(judged
        .into_iter()
        .map(|it| (it.end.placed.message, it.outcome))
        .collect())
}

/// What follows beyond the message: for the governor, and for the channel.
async fn hear(app: &App, called: &Called) -> Result<()> {
    let route = &called.call.ready.route;
    let error = match &called.sent {
        Sent::Accepted(_) => return note(app, called, Answer::Accepted).await,
        Sent::Rejected(error) => error,
        Sent::Unknown { .. } | Sent::NotSent { .. } => return Ok(()),
    };
    match error.entry().class {
        Class::Throughput => note(app, called, Answer::Throughput).await,
        Class::Pair => note(app, called, Answer::Pair).await,
        Class::Maintenance => note(app, called, Answer::Maintenance).await,
        _ if error.entry().has(crate::meta::graph::errors::Effect::TripChannel) => {
            breaker::trip(app, route.channel, error.code, &error.to_string()).await
        }
        _ => Ok(()),
    }
}

/// The governor may be away: it will hear of it again from Meta.
async fn note(app: &App, called: &Called, answer: Answer) -> Result<()> {
    let number = number(&called.call.ready.route);
    let _ = app
        .governor
        .answered(&number, &called.call.ready.due.recipient, answer)
        .await;
    Ok(())
}

struct Judged {
    end: End,
    outcome: Outcome,
}

fn judge(app: &App, called: &Called) -> Judged {
    let Called { call, sent } = called;
    let now = app.clock.now();
    let placed = Placed {
        tenant: call.ready.due.tenant_id,
        message: call.ready.due.id,
        channel: call.ready.due.channel_id,
        status: Status::Queued,
        wamid: None,
        error_code: None,
        error_title: None,
    };
    let end = |outcome, placed| End {
        attempt: call.attempt,
        outcome,
        http_status: None,
        error_details: None,
        placed,
    };
    match sent {
        Sent::Accepted(accepted) => {
            let wamid = Some(accepted.wamid.clone());
            let (status, placed) = (Status::Accepted, placed);
            Judged {
                end: end(
                    "accepted",
                    Placed {
                        status,
                        wamid,
                        ..placed
                    },
                ),
                outcome: Outcome::Done,
            }
        }
        Sent::Rejected(error) => {
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
                end: refused(error, end("rejected", Placed { status, ..placed })),
                outcome,
            }
        }
        Sent::Unknown { why, error } => {
            let status = Status::Unknown;
            let unknown = end("unknown", Placed { status, ..placed });
            let mut unknown = match error {
                Some(error) => refused(error, unknown),
                None => unknown,
            };
            unknown.error_details = Some(why.clone());
            metrics::counter!("mainstay_sends_unknown_total").increment(1);
            Judged {
                end: unknown,
                outcome: Outcome::Snooze {
                    until: now + app.config.sending.unknown_window,
                },
            }
        }
        Sent::NotSent { why } => {
            let doubled = FIRST_REST * 2_u32.saturating_pow(u32::try_from(call.number - 1).unwrap_or(u32::MAX).min(10));
            let rest = TimeDelta::from_std(doubled.min(LONGEST_REST)).unwrap_or(TimeDelta::seconds(60));
            let mut not_sent = end("not_sent", placed);
            not_sent.error_details = Some(why.clone());
            Judged {
                end: not_sent,
                outcome: Outcome::Snooze { until: now + rest },
            }
        }
    }
}

fn refused(error: &GraphError, end: End) -> End {
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
