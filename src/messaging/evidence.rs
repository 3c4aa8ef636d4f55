//! Settles attempts from statuses, and handles `failed` statuses. Called within the transaction that applies webhooks.

use chrono::{DateTime, Utc};

use super::{
    breaker,
    effects::{self, ErrorReport},
    reserve::{limited_number, recipient_key},
    retry::{RetryDecision, decide_retry},
    sendable::transition,
    transitions,
};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{ChannelId, MessageId, Status},
    messaging::{
        MessagingService,
        store::sends::{self, Proof},
    },
    rate_limit::MetaFeedback,
    records::{campaigns::MovedStatuses, events::NewEvent},
};

/// Settles the attempts whose ids came back with statuses.
pub async fn prove(tx: &mut Tx, clock: &Clock, proofs: &[Proof], moved: &mut MovedStatuses) -> Result<()> {
    if proofs.is_empty() {
        return Ok(());
    }
    let proven = sends::prove(tx.on(), proofs, clock.now(), moved).await?;
    metrics::counter!("mainstay_sends_proven_total").increment(proven.len() as u64);
    Ok(())
}

/// A message that Meta accepted and reported as failed later.
#[derive(Clone, Debug)]
pub(crate) struct FailedMessage {
    pub message: MessageId,
    pub channel: ChannelId,
    pub code: i64,
    pub title: String,
    /// Meta's timestamp of the failure.
    pub at: DateTime<Utc>,
}

/// Work that failures cause in the transaction (events) and after its commit (the rest).
#[derive(Default)]
pub(crate) struct FollowUp {
    /// To be appended in the same transaction.
    pub events: Vec<NewEvent>,
    /// Failures that trip the channel's circuit breaker.
    pub trips: Vec<FailedMessage>,
    /// Rate limiter feedback: channel, recipient key, feedback.
    pub answers: Vec<(ChannelId, String, MetaFeedback)>,
    pub channels_changed: bool,
}

/// Queues failed messages for retry where the code allows it, and applies the effects of the errors. A repeated failure finds the message
/// queued or sent already and does nothing.
pub(crate) async fn apply_failures(
    tx: &mut Tx,
    clock: &Clock,
    failures: &[FailedMessage],
    moved: &mut MovedStatuses,
) -> Result<FollowUp> {
    let mut follow_up = FollowUp::default();
    if failures.is_empty() {
        return Ok(follow_up);
    }
    let now = clock.now();
    let ids: Vec<MessageId> = failures.iter().map(|it| it.message).collect();
    let due = sends::load(tx.on(), &ids).await?;
    let (mut retries, mut held, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for send in due.iter().filter(|send| send.status == Status::Failed) {
        let Some(failure) = failures.iter().find(|failure| failure.message == send.id) else {
            continue;
        };
        match decide_retry(failure.code, send.tries, send, now) {
            RetryDecision::Fail => {}
            RetryDecision::Retry(at) => retries.push((send.tenant_id, send.id, at)),
            // Held for the circuit breaker, as a message is that was rejected at once.
            RetryDecision::Trip => {
                held.push((send.tenant_id, send.id, now));
                follow_up.trips.push(failure.clone());
            }
        }
        let answer = effects::limiter_feedback(failure.code);
        if answer.is_some() {
            effects::log_limit(send.channel_id, failure.code);
        }
        follow_up
            .answers
            .extend(answer.map(|answer| (send.channel_id, recipient_key(send), answer)));
        reports.push(ErrorReport {
            due: send,
            code: failure.code,
            title: &failure.title,
            at: failure.at,
            tried_at: send.attempt_started_at.unwrap_or(send.starts_at),
        });
    }
    let mut queued = sends::requeue(tx.on(), &retries, moved).await?;
    queued.extend(sends::hold_for_breaker(tx.on(), &held, moved).await?);
    follow_up.events = due
        .iter()
        .filter(|it| queued.contains(&it.id))
        .map(|it| transitions::event(clock, &transition(it, Status::Queued, None)))
        .collect();
    let applied = effects::apply_effects(tx, clock, &reports).await?;
    follow_up.events.extend(applied.events);
    follow_up.channels_changed = applied.channels_changed;
    Ok(follow_up)
}

/// Runs the part of the follow-up that comes after the commit. Errors are logged only: Meta's next rejection causes the same follow-up.
pub(crate) async fn run_follow_up(service: &MessagingService, follow_up: FollowUp) {
    if let Err(error) = try_follow_up(service, follow_up).await {
        tracing::warn!(%error, "statuses are stored, but their follow-up on channels failed");
    }
}

async fn try_follow_up(service: &MessagingService, follow_up: FollowUp) -> Result<()> {
    for trip in follow_up.trips {
        breaker::trip(service, trip.channel, trip.code, &trip.title).await?;
    }
    if follow_up.channels_changed {
        service.directory.refresh().await?;
    }
    let directory = service.directory.current();
    for (channel, to, answer) in follow_up.answers {
        if let Some(route) = directory.channel(channel) {
            let _ = service
                .rate_limiter
                .record_feedback(&limited_number(route), &to, answer)
                .await;
        }
    }
    Ok(())
}
