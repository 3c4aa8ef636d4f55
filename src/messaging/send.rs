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
    db,
    directory::Snapshot,
    domain::{MessageId, SendLane},
    messaging::MessagingService,
    messaging::store::sends::{self, Due},
    meta::graph::SendOutcome,
    queue::{Outcome, Outcomes},
};

/// A call that is later than this is not made: its attempt may have been given up for lost meanwhile.
const TOO_LATE: TimeDelta = TimeDelta::seconds(20);

/// Works on these sends, as far as each may be worked on now.
pub async fn send(service: &MessagingService, ids: &[MessageId]) -> Outcomes<MessageId> {
    work(service, ids).await.into()
}

async fn work(service: &MessagingService, ids: &[MessageId]) -> db::Result<Outcomes<MessageId>> {
    let due = sends::load(&service.db, ids).await?;
    let directory = known(service, &due).await?;
    let mut outcomes = Outcomes::done();
    let sendable = ready(service, &directory, due, &mut outcomes).await?;
    if sendable.is_empty() {
        return Ok(outcomes);
    }
    let calls = reserve(service, sendable, &mut outcomes).await?;
    let mut ends: FuturesUnordered<_> = calls.into_iter().map(|call| carry_through(service, call)).collect();
    while let Some((id, outcome)) = ends.next().await {
        outcomes.set(id, outcome);
    }
    Ok(outcomes)
}

/// The channels, read again if one of these seems to be kept back by its own: it may have recovered a moment ago, and its messages were
/// called then.
async fn known(service: &MessagingService, due: &[Due]) -> db::Result<Arc<Snapshot>> {
    let directory = service.directory.current();
    let stopped = |it: &Due| {
        let route = directory.channel(it.channel_id);
        route.is_some_and(|route| route.tripped || (route.campaigns_paused && it.send_lane() == SendLane::Campaign))
    };
    if due.iter().any(stopped) {
        service.directory.refresh().await?;
        return Ok(service.directory.current());
    }
    Ok(directory)
}

async fn carry_through(service: &MessagingService, call: Call) -> (MessageId, Outcome) {
    let called = make(service, call).await;
    conclude(service, called).await
}

/// Waits for the slot, and makes the call.
async fn make(service: &MessagingService, call: Call) -> Called {
    if let Ok(ahead) = (call.slot - service.clock.now()).to_std() {
        tokio::time::sleep(ahead).await;
    }
    let sent = match (call.ready.route.access(), call.body()) {
        _ if service.clock.now() - call.started_at > TOO_LATE => SendOutcome::NotSent {
            why: "this process was held up for too long between the attempt and the call".to_owned(),
        },
        (Some(access), Ok(body)) => match call.ready.options.product_policy {
            Some(_) => service.graph.send_marketing(access, &body).await,
            None => service.graph.send(access, &body).await,
        },
        (None, _) => SendOutcome::NotSent {
            why: "the channel has no access token that opens".to_owned(),
        },
        (_, Err(error)) => SendOutcome::NotSent { why: error.to_string() },
    };
    Called { call, sent }
}
