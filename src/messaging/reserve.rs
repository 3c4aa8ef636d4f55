//! The governor's leave, and the attempts of those who have it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    daily_limit::{self, LimitCandidate},
    sendable::SendableMessage,
};
use crate::{
    db,
    directory::{PROPAGATION_TIME, Route},
    domain::{AttemptId, MessageId},
    messaging::MessagingService,
    messaging::store::sends::{self, DueSend, NewAttempt, SendReservation},
    meta::message::{SendEnvelope, UnresolvedMedia},
    queue::{Lane, Outcome, Outcomes},
    rate_limit::{Grant, LimitedNumber, RateLimits, SlotRequest},
    records::{messages, portfolios::Key},
};

/// When to come again while the governor cannot be asked.
pub const LIMITER_RETRY_DELAY: Duration = Duration::from_secs(1);

/// The times at which bunches come, in microseconds of a second.
const ALIGNMENT_US: u32 = 100_000;

/// A call about to be made.
pub struct PreparedAttempt {
    pub message: SendableMessage,
    pub id: AttemptId,
    /// Which attempt this is: 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    pub slot: DateTime<Utc>,
    /// The portfolio whose daily limit it counts against, if it does.
    pub counted: Option<Key>,
}

impl PreparedAttempt {
    /// The exact request.
    pub fn body(&self) -> Result<String, UnresolvedMedia> {
        let SendableMessage {
            due,
            to,
            message,
            options,
            ..
        } = &self.message;
        message.body(&SendEnvelope {
            to,
            context: due.context_wamid.as_deref().filter(|_| due.kind != "reaction"),
            opaque: &self.id.to_string(),
            options,
        })
    }
}

/// Asks for slots, and writes down the attempts of those who have one. The others come again when they were told to.
pub async fn reserve(
    service: &MessagingService,
    sendable: Vec<SendableMessage>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<PreparedAttempt>> {
    let slot_request = |it: &SendableMessage| SlotRequest {
        number: limited_number(&it.route),
        recipient: recipient_key(&it.due),
        lane: it.due.send_lane(),
        has_reservation: it.due.promised_at.is_some(),
    };
    let slot_requests: Vec<SlotRequest> = sendable.iter().map(slot_request).collect();
    let grants = match service.rate_limiter.reserve(&slot_requests).await {
        Ok(grants) => grants,
        Err(error) => {
            tracing::warn!(%error, sends = slot_requests.len(), "rate limiter unavailable: nothing is sent");
            let until = service.clock.now() + LIMITER_RETRY_DELAY;
            for it in sendable {
                outcomes.set(it.due.id, Outcome::Snooze { until });
            }
            return Ok(Vec::new());
        }
    };
    let started_at = service.clock.now();
    let (mut attempts, mut reservations, mut candidates) = (Vec::new(), Vec::new(), Vec::new());
    for (ready, grant) in sendable.into_iter().zip(grants) {
        match grant {
            Grant::Slot(slot) => {
                let id = service.clock.new_id();
                let candidate = LimitCandidate::of(&ready, id, started_at);
                attempts.push(PreparedAttempt {
                    number: ready.due.tries + 1,
                    message: ready,
                    id,
                    started_at,
                    slot,
                    counted: candidate.as_ref().map(|candidate| candidate.key.clone()),
                });
                candidates.extend(candidate);
            }
            Grant::Later { at, .. } => {
                let at = align(at, started_at);
                let (id, leases) = (ready.due.id, ready.due.leases);
                let due = ready.due.expires_at.map_or(at, |end| end.min(at));
                reservations.push(SendReservation {
                    id,
                    leases,
                    at,
                    due,
                    throughput: ready.route.throughput,
                    quota: ready.route.tenant_throughput,
                });
                let lane = Lane::High;
                outcomes.set(id, Outcome::Rescheduled { until: due, lane });
            }
        }
    }
    let begun = |attempt: &PreparedAttempt| NewAttempt {
        id: attempt.id,
        message: attempt.message.due.id,
        tenant: attempt.message.due.tenant_id,
        channel: attempt.message.due.channel_id,
        number: attempt.number,
        at: attempt.started_at,
        marked: attempt.message.due.marked,
    };
    let mut tx = service.db.begin().await?;
    let counted = daily_limit::count_recipients(&mut tx, candidates, started_at).await?;
    daily_limit::snooze_deferred(
        attempts.iter().map(|attempt| &attempt.message.due),
        &counted.later,
        outcomes,
    );
    attempts.retain(|attempt| !counted.later.contains_key(&attempt.message.due.id));
    let begun: Vec<NewAttempt> = attempts.iter().map(begun).collect();
    messages::lock(&mut tx, begun.iter().map(|it| (it.tenant, it.message))).await?;
    let free = sends::begin(&mut tx, &begun).await?;
    // Late in the transaction: a rate that changes from here on to the commit is not seen.
    sends::store_reservations(&mut tx, &reservations, service.clock.now() + PROPAGATION_TIME).await?;
    counted.add_unlimited(&mut tx).await?;
    tx.commit().await?;
    // Of the others a status has told meanwhile, or somebody withdrew them: that they were counted costs a place for a day.
    attempts.retain(|attempt| free.contains(&attempt.message.due.id));
    Ok(attempts)
}

/// Those who are told to come later come in bunches: a little early, for slots are given ahead.
fn align(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let aligned = at - TimeDelta::microseconds(at.timestamp_subsec_micros().rem_euclid(ALIGNMENT_US).into());
    aligned.max(now.min(at))
}

/// The recipient as the governor's pair limit counts: the contact, by whichever address they are dialled.
pub fn recipient_key(due: &DueSend) -> String {
    due.contact_id.to_string()
}

/// The channel as the governor sees it.
pub fn limited_number(route: &Route) -> LimitedNumber {
    LimitedNumber {
        tenant: route.tenant,
        channel: route.channel,
        limits: RateLimits::at(route.throughput).within(route.tenant_throughput),
    }
}
