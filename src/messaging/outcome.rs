//! What Meta answered, made into where the message stands and when to look at it again.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    breaker, daily_limit,
    effects::{self, Told},
    record,
    reserve::{Call, number},
    verdict::{Verdict, verdict},
};
use crate::{
    app::App,
    db::{Result, is_conflict},
    domain::{AttemptId, ContactId, MessageId, Status},
    governor::Answer,
    meta::graph::{GraphError, Sent, errors::Effect},
    queue::Outcome,
    store::{
        events,
        portfolios::Key,
        sends::{self, End, Placed},
    },
};

/// How often the writing is begun again.
const COLLISIONS: usize = 5;

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
    // Who meets a status of the same message in another order begins again.
    let mut collisions = 0;
    loop {
        match write(app, &called, &judged).await {
            Err(error) if is_conflict(&error) && collisions < COLLISIONS => collisions += 1,
            written => break written?,
        }
    }
    Ok(judged
        .into_iter()
        .map(|it| (it.end.placed.message, it.outcome))
        .collect())
}

async fn write(app: &App, called: &[Called], judged: &[Judged]) -> Result<()> {
    let ends: Vec<End> = judged.iter().map(|it| it.end.clone()).collect();
    let held: Vec<(MessageId, &'static str)> = judged
        .iter()
        .filter(|it| matches!(it.outcome, Outcome::Quarantine { .. }))
        .map(|it| (it.end.placed.message, "breaker"))
        .collect();
    let mut tx = app.db.begin().await?;
    let written = async {
        daily_limit::give_back(&mut tx, &uncounted(called)).await?;
        sends::hold(&mut tx, &held).await?;
        let mut events = record::place(&mut tx, &app.clock, &ends, Vec::new()).await?;
        let carried = effects::carry_out(&mut tx, &app.clock, &told(app, called)).await?;
        events.extend(carried.events);
        events::append(&mut tx, &events, app.clock.now()).await?;
        Ok(carried.channels_changed)
    };
    match written.await {
        Ok(channels_changed) => {
            tx.commit().await?;
            if channels_changed {
                app.directory.refresh().await?;
            }
            Ok(())
        }
        Err(error) => {
            tx.rollback().await?;
            Err(error)
        }
    }
}

/// Customers that were counted for calls that did not reach them.
fn uncounted(called: &[Called]) -> Vec<(Key, ContactId, AttemptId)> {
    let refused = |it: &&Called| matches!(it.sent, Sent::Rejected(_) | Sent::NotSent { .. });
    let place = |it: &Called| Some((it.call.counted.clone()?, it.call.ready.due.contact_id, it.call.attempt));
    called.iter().filter(refused).filter_map(place).collect()
}

/// The errors that Meta answered.
fn told<'c>(app: &App, called: &'c [Called]) -> Vec<Told<'c>> {
    let at = app.clock.now();
    let told = |it: &'c Called| match &it.sent {
        Sent::Rejected(error) => Some(Told {
            due: &it.call.ready.due,
            code: error.code,
            title: &error.title,
            at,
            tried_at: it.call.started_at,
        }),
        _ => None,
    };
    called.iter().filter_map(told).collect()
}

/// What follows beyond the message: for the governor, and for the channel.
async fn hear(app: &App, called: &Called) -> Result<()> {
    let route = &called.call.ready.route;
    let error = match &called.sent {
        Sent::Accepted(_) => return note(app, called, Answer::Accepted).await,
        Sent::Rejected(error) => error,
        Sent::Unknown { .. } | Sent::NotSent { .. } => return Ok(()),
    };
    match effects::answer(error.code) {
        Some(answer) => note(app, called, answer).await,
        None if error.entry().has(Effect::TripChannel) => {
            breaker::trip(app, route.channel, error.code, &error.to_string()).await
        }
        None => Ok(()),
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
