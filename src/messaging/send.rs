//! The work on a batch of sends: decide, ask the governor, write the attempts down, call Meta, write what came of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;

use super::{
    decide::{Decision, Reason, decide},
    fitness,
    outcome::{Called, conclude},
    record,
};
use crate::{
    app::App,
    db::{self, is_unavailable},
    directory::{Route, Snapshot},
    domain::{AttemptId, MessageId, Status},
    governor::{Ask, Grant, Number, Terms},
    meta::{
        graph::{Access, Sent},
        message::{Envelope, Options, Outbound, Recipient},
    },
    queue::{Outcome, Outcomes},
    store::sends::{self, Begun, Due, End, Placed},
};

/// Answers are written together, as many as have come.
const TOGETHER: usize = 64;
/// When to come again while the governor cannot be asked.
const UNGOVERNED: Duration = Duration::from_secs(1);

/// Works on these sends, as far as each may be worked on now.
pub async fn send(app: &App, ids: &[MessageId]) -> Outcomes<MessageId> {
    work(app, ids).await.into()
}

/// A call about to be made.
pub(super) struct Call {
    pub due: Due,
    pub route: Route,
    pub attempt: AttemptId,
    /// Which attempt this is: 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    body: String,
    slot: DateTime<Utc>,
}

async fn work(app: &App, ids: &[MessageId]) -> db::Result<Outcomes<MessageId>> {
    let due = sends::load(&app.db, ids).await?;
    let directory = app.directory.current();
    let mut outcomes = Outcomes::done();
    let sendable = sort(app, &directory, due, &mut outcomes).await?;
    let calls = reserve(app, sendable, &mut outcomes).await?;
    let mut answers: FuturesUnordered<_> = calls.into_iter().map(|call| make(app, call)).collect();
    loop {
        let answered: Vec<Called> = gather(&mut answers).await;
        if answered.is_empty() {
            return Ok(outcomes);
        }
        let messages: Vec<MessageId> = answered.iter().map(|called| called.call.due.id).collect();
        match conclude(app, answered).await {
            Ok(ends) => ends.into_iter().for_each(|(id, outcome)| outcomes.set(id, outcome)),
            // What was answered is lost with the database: the attempts stay open, and evidence decides.
            Err(error) if is_unavailable(&error) => {
                tracing::warn!(%error, messages = messages.len(), "answers of Meta's could not be written; evidence will decide");
                let until = app.clock.now() + UNGOVERNED;
                for id in messages {
                    outcomes.set(id, Outcome::Snooze { until });
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The next answer, and whatever others have come by then.
async fn gather(answers: &mut FuturesUnordered<impl Future<Output = Called>>) -> Vec<Called> {
    let mut gathered = Vec::new();
    let Some(first) = answers.next().await else {
        return gathered;
    };
    gathered.push(first);
    while gathered.len() < TOGETHER
        && let Some(Some(next)) = futures::FutureExt::now_or_never(answers.next())
    {
        gathered.push(next);
    }
    gathered
}

/// Ends or puts off what cannot be sent now, and returns the rest.
async fn sort(
    app: &App,
    directory: &Snapshot,
    due: Vec<Due>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<(Due, Route)>> {
    let now = app.clock.now();
    let window = app.config.sending.unknown_window;
    let (mut sendable, mut ends, mut placed, mut held) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut unfit = fitness::unfit(app, directory, &due).await?;
    for it in due {
        let route = directory.channel(it.channel_id);
        let decision = decide(&it, route, window, now);
        if decision == Decision::Send
            && let Some(why) = unfit.remove(&it.id)
        {
            let mut failed = place(&it, Status::Failed, None);
            (failed.error_code, failed.error_title) = (Some(why.code), Some(why.title));
            placed.push(failed);
            continue;
        }
        match decision {
            Decision::Send => sendable.extend(route.cloned().map(|route| (it, route))),
            Decision::Over => outcomes.set(it.id, Outcome::Done),
            Decision::Await(until) => {
                ends.extend(lost(&it));
                outcomes.set(it.id, Outcome::Snooze { until });
            }
            Decision::Hold => {
                held.push((it.id, "unknown"));
                let why = "nobody knows whether it was sent, and no status has told: resolve it by hand";
                outcomes.set(it.id, Outcome::quarantine(why));
            }
            Decision::Trip => {
                held.push((it.id, "breaker"));
                outcomes.set(it.id, Outcome::quarantine("the channel may not send: see its breaker"));
            }
            Decision::Expire => placed.push(place(&it, Status::Expired, None)),
            Decision::Refuse(reason) => placed.push(place(&it, Status::Failed, Some(reason))),
        }
    }
    fitness::suggest(app, directory, &mut placed).await?;
    if !(ends.is_empty() && placed.is_empty() && held.is_empty()) {
        let mut tx = app.db.begin().await?;
        sends::hold(&mut tx, &held).await?;
        record::write(&mut tx, &app.clock, &ends, placed).await?;
        tx.commit().await?;
    }
    Ok(sendable)
}

/// Of an attempt nobody wrote an end of: whoever made it is gone.
fn lost(due: &Due) -> Option<End> {
    let open = due.attempt_outcome.as_deref() == Some("open");
    due.attempt_id.filter(|_| open).map(|attempt| End {
        attempt,
        outcome: "unknown",
        http_status: None,
        error_details: Some("the worker that made the call disappeared".to_owned()),
        placed: place(due, Status::Unknown, None),
    })
}

fn place(due: &Due, status: Status, reason: Option<Reason>) -> Placed {
    Placed {
        tenant: due.tenant_id,
        message: due.id,
        channel: due.channel_id,
        status,
        wamid: None,
        error_code: reason.map(Reason::code),
        error_title: reason.map(|reason| reason.title().to_owned()),
    }
}

/// Asks for slots, and writes down the attempts of those who have one.
async fn reserve(app: &App, sendable: Vec<(Due, Route)>, outcomes: &mut Outcomes<MessageId>) -> db::Result<Vec<Call>> {
    let ask = |(due, route): &(Due, Route)| Ask {
        number: number(route),
        recipient: due.recipient.clone(),
        lane: due.send_lane(),
        promised: due.promised_at.is_some(),
    };
    let asks: Vec<Ask> = sendable.iter().map(ask).collect();
    let grants = match app.governor.reserve(&asks).await {
        Ok(grants) => grants,
        Err(error) => {
            tracing::warn!(%error, sends = asks.len(), "nothing is sent while the governor cannot be asked");
            let until = app.clock.now() + UNGOVERNED;
            for (due, _) in sendable {
                outcomes.set(due.id, Outcome::Snooze { until });
            }
            return Ok(Vec::new());
        }
    };
    let started_at = app.clock.now();
    let (mut calls, mut promised, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for ((due, route), grant) in sendable.into_iter().zip(grants) {
        let slot = match grant {
            Grant::Slot(slot) => slot,
            Grant::Later { at, .. } => {
                promised.push((due.id, at));
                outcomes.set(due.id, Outcome::Snooze { until: at });
                continue;
            }
        };
        let attempt: AttemptId = app.clock.new_id();
        match body(&due, attempt) {
            Ok(body) => calls.push(Call {
                number: due.tries + 1,
                due,
                route,
                attempt,
                started_at,
                body,
                slot,
            }),
            Err(why) => {
                let mut placed = place(&due, Status::Failed, None);
                (placed.error_code, placed.error_title) = (Some(100), Some(why));
                refused.push(placed);
            }
        }
    }
    let begun = |call: &Call| Begun {
        id: call.attempt,
        message: call.due.id,
        tenant: call.due.tenant_id,
        channel: call.due.channel_id,
        number: call.number,
        at: call.started_at,
    };
    let mut tx = app.db.begin().await?;
    sends::promise(&mut tx, &promised).await?;
    sends::begin(&mut tx, &calls.iter().map(begun).collect::<Vec<_>>()).await?;
    record::write(&mut tx, &app.clock, &[], refused).await?;
    tx.commit().await?;
    Ok(calls)
}

/// The channel as the governor sees it.
pub fn number(route: &Route) -> Number {
    Number {
        tenant: route.tenant,
        channel: route.channel,
        terms: Terms::at(route.throughput),
    }
}

/// The exact request.
fn body(due: &Due, attempt: AttemptId) -> Result<String, String> {
    let content: Value = serde_json::from_str(&due.content).map_err(|error| error.to_string())?;
    let options: Options = serde_json::from_str(&due.options).map_err(|error| error.to_string())?;
    let message = Outbound::parse(&due.kind, &content).map_err(|error| error.to_string())?;
    let address = due.recipient.clone();
    let to = match due.recipient_kind.as_str() {
        "user_id" => Recipient::UserId(address),
        "group" => Recipient::Group(address),
        _ => Recipient::Phone(address),
    };
    message.fits(&to).map_err(|error| error.to_string())?;
    let envelope = Envelope {
        to: &to,
        context: due.context_wamid.as_deref().filter(|_| due.kind != "reaction"),
        opaque: &attempt.to_string(),
        options: &options,
    };
    message.body(&envelope).map_err(|error| error.to_string())
}

/// Waits for the slot, and makes the call.
async fn make(app: &App, call: Call) -> Called {
    if let Ok(ahead) = (call.slot - app.clock.now()).to_std() {
        tokio::time::sleep(ahead).await;
    }
    let sent = match &call.route.access_token {
        Some(token) => {
            let access = Access {
                phone_number_id: &call.route.phone_number_id,
                waba_id: &call.route.waba_id,
                token,
            };
            app.graph.send(access, &call.body).await
        }
        None => Sent::NotSent {
            why: "the channel has no access token that opens".to_owned(),
        },
    };
    Called { call, sent }
}
