//! Runs a batch of sends: decide, reserve slots, commit the attempts, call the provider, write the conclusions.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::{StreamExt, stream::FuturesUnordered};

use super::{
    outcome::{CompletedAttempt, conclude},
    reserve::{PreparedAttempt, reserve},
    scheduled,
    sendable::select_sendable,
};
use crate::{
    db,
    directory::Snapshot,
    domain::{MessageId, SendLane},
    messaging::MessagingService,
    messaging::store::sends::{self, DueSend},
    provider::SendOutcome,
    queue::{Outcome, Outcomes},
};

/// Maximum time between the commit of an attempt and its call. A later call is not made: the attempt may have been given up as lost by
/// then.
const MAX_CALL_DELAY: TimeDelta = TimeDelta::seconds(20);

/// Runs the given sends and returns an outcome for each.
pub async fn send(service: &MessagingService, ids: &[MessageId]) -> Outcomes<MessageId> {
    process(service, ids).await.into()
}

async fn process(service: &MessagingService, ids: &[MessageId]) -> db::Result<Outcomes<MessageId>> {
    let due = sends::load(service.db.writer(), ids).await?;
    let directory = current_directory(service, &due).await?;
    let mut outcomes = Outcomes::done();
    let sendable = select_sendable(service, &directory, due, &mut outcomes).await?;
    if sendable.is_empty() {
        return Ok(outcomes);
    }
    scheduled::show_in_conversations(service, &sendable).await?;
    let attempts = reserve(service, sendable, &mut outcomes).await?;
    let mut ends: FuturesUnordered<_> = attempts.into_iter().map(|attempt| execute(service, attempt)).collect();
    while let Some((id, outcome)) = ends.next().await {
        outcomes.set(id, outcome);
    }
    Ok(outcomes)
}

/// Returns the current directory, refreshed if it shows a due send's own channel as tripped or its campaigns as paused: the channel may
/// have recovered a moment ago, when its messages were released.
async fn current_directory(service: &MessagingService, due: &[DueSend]) -> db::Result<Arc<Snapshot>> {
    let directory = service.directory.current();
    let stopped = |it: &DueSend| {
        let route = directory.channel(it.channel_id);
        route.is_some_and(|route| route.tripped || (route.campaigns_paused && it.send_lane() == SendLane::Campaign))
    };
    if due.iter().any(stopped) {
        service.directory.refresh().await?;
        return Ok(service.directory.current());
    }
    Ok(directory)
}

async fn execute(service: &MessagingService, attempt: PreparedAttempt) -> (MessageId, Outcome) {
    let completed = call_provider(service, attempt).await;
    conclude(service, completed).await
}

/// Waits for the slot, then makes the call.
async fn call_provider(service: &MessagingService, attempt: PreparedAttempt) -> CompletedAttempt {
    if let Ok(ahead) = (attempt.slot - service.clock.now()).to_std() {
        tokio::time::sleep(ahead).await;
    }
    let stalled = service.clock.now() - attempt.started_at > MAX_CALL_DELAY;
    let result = match attempt.prepare(&service.providers) {
        _ if stalled => SendOutcome::NotSent {
            why: "the process stalled for too long between the commit of the attempt and the call".to_owned(),
        },
        Ok(call) => service.providers.send(call).await,
        Err(unfit) => SendOutcome::NotSent { why: unfit.to_string() },
    };
    CompletedAttempt { attempt, result }
}
