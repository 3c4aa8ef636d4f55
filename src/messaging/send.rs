//! The work on a batch of sends: decide, ask the governor, write the attempts down, call Meta, write what came of it.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::{StreamExt, stream::FuturesUnordered};

use super::{
    outcome::{Called, conclude},
    ready::ready,
    reserve::{Call, reserve},
};
use crate::{
    app::App,
    db,
    directory::Snapshot,
    domain::{MessageId, SendLane},
    messaging::store::sends::{self, Due},
    meta::graph::Sent,
    queue::{Outcome, Outcomes},
};

/// A call that is later than this is not made: its attempt may have been given up for lost meanwhile.
const TOO_LATE: TimeDelta = TimeDelta::seconds(20);

/// Works on these sends, as far as each may be worked on now.
pub async fn send(app: &App, ids: &[MessageId]) -> Outcomes<MessageId> {
    work(app, ids).await.into()
}

async fn work(app: &App, ids: &[MessageId]) -> db::Result<Outcomes<MessageId>> {
    let due = sends::load(&app.db, ids).await?;
    let directory = known(app, &due).await?;
    let mut outcomes = Outcomes::done();
    let sendable = ready(app, &directory, due, &mut outcomes).await?;
    if sendable.is_empty() {
        return Ok(outcomes);
    }
    let calls = reserve(app, sendable, &mut outcomes).await?;
    let mut ends: FuturesUnordered<_> = calls.into_iter().map(|call| carry_through(app, call)).collect();
    while let Some((id, outcome)) = ends.next().await {
        outcomes.set(id, outcome);
    }
    Ok(outcomes)
}

/// The channels, read again if one of these seems to be kept back by its own: it may have recovered a moment ago, and its messages were
/// called then.
async fn known(app: &App, due: &[Due]) -> db::Result<Arc<Snapshot>> {
    let directory = app.directory.current();
    let stopped = |it: &Due| {
        let route = directory.channel(it.channel_id);
        route.is_some_and(|route| route.tripped || (route.campaigns_paused && it.send_lane() == SendLane::Campaign))
    };
    if due.iter().any(stopped) {
        app.directory.refresh().await?;
        return Ok(app.directory.current());
    }
    Ok(directory)
}

async fn carry_through(app: &App, call: Call) -> (MessageId, Outcome) {
    let called = make(app, call).await;
    conclude(app, called).await
}

/// Waits for the slot, and makes the call.
async fn make(app: &App, call: Call) -> Called {
    if let Ok(ahead) = (call.slot - app.clock.now()).to_std() {
        tokio::time::sleep(ahead).await;
    }
    let sent = match (call.ready.route.access(), call.body()) {
        _ if app.clock.now() - call.started_at > TOO_LATE => Sent::NotSent {
            why: "this process was held up for too long between the attempt and the call".to_owned(),
        },
        (Some(access), Ok(body)) => match call.ready.options.product_policy {
            Some(_) => app.graph.send_marketing(access, &body).await,
            None => app.graph.send(access, &body).await,
        },
        (None, _) => Sent::NotSent {
            why: "the channel has no access token that opens".to_owned(),
        },
        (_, Err(error)) => Sent::NotSent { why: error.to_string() },
    };
    Called { call, sent }
}
