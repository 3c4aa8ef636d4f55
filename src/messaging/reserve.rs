//! Reserves rate limiter slots and commits the attempts of the messages that got one.

use std::{collections::HashSet, time::Duration};

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
    provider::{PreparedCall, Providers, Unfit, message::SendEnvelope},
    queue::{Lane, Outcome, Outcomes},
    rate_limit::{Grant, LimitedNumber, RateLimits, SlotRequest},
    records::{
        campaigns::{self, MovedStatuses},
        messages,
        portfolios::PortfolioKey,
    },
};

/// Delay of the sends while the rate limiter is unavailable.
pub(crate) const LIMITER_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Granularity of reservation times, in microseconds: sends with reservations run in batches.
const ALIGNMENT_US: u32 = 100_000;

/// An attempt that is committed and has a slot.
pub(crate) struct PreparedAttempt {
    pub message: SendableMessage,
    pub id: AttemptId,
    /// Number of the attempt, from 1.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    pub slot: DateTime<Utc>,
    /// The portfolio whose daily limit the recipient was counted for, if any.
    pub counted: Option<PortfolioKey>,
}

impl PreparedAttempt {
    /// Makes the request of the attempt.
    pub fn prepare(&self, providers: &Providers) -> Result<PreparedCall, Unfit> {
        let SendableMessage {
            due,
            route,
            to,
            message,
            options,
        } = &self.message;
        let envelope = SendEnvelope {
            to,
            context: due.context_wamid.as_deref().filter(|_| due.kind != "reaction"),
            opaque: &self.id.to_string(),
            options,
        };
        providers.prepare(route, message, &envelope)
    }
}

/// Requests slots and commits the attempts of the messages that got one. The others get a reservation and are rescheduled.
pub async fn reserve(
    service: &MessagingService,
    sendable: Vec<SendableMessage>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<PreparedAttempt>> {
    let slot_request = |it: &SendableMessage| SlotRequest {
        number: limited_number(&it.route),
        recipient: recipient_key(&it.due),
        lane: it.due.send_lane(),
        has_reservation: it.due.reserved_until.is_some(),
    };
    let slot_requests: Vec<SlotRequest> = sendable.iter().map(slot_request).collect();
    let grants = match service.rate_limiter.reserve(&slot_requests).await {
        Ok(grants) => grants,
        Err(error) => {
            tracing::warn!(%error, sends = slot_requests.len(), "the rate limiter is unavailable: sends are delayed");
            let until = service.clock.now() + LIMITER_RETRY_DELAY;
            for it in sendable {
                outcomes.set(it.due.id, Outcome::Snooze { until });
            }
            return Ok(Vec::new());
        }
    };
    let started_at = service.clock.now();
    let (mut attempts, mut reservations, mut candidates) = (Vec::new(), Vec::new(), Vec::new());
    for (message, grant) in sendable.into_iter().zip(grants) {
        match grant {
            Grant::Slot(slot) => {
                let id = service.clock.new_id();
                let candidate = LimitCandidate::of(&message, id, started_at);
                attempts.push(PreparedAttempt {
                    number: message.due.tries + 1,
                    message,
                    id,
                    started_at,
                    slot,
                    counted: candidate.as_ref().map(|candidate| candidate.key.clone()),
                });
                candidates.extend(candidate);
            }
            Grant::Later { at, .. } => {
                let at = align(at, started_at);
                let (id, leases) = (message.due.id, message.due.leases);
                let due = message.due.expires_at.map_or(at, |end| end.min(at));
                reservations.push(SendReservation {
                    id,
                    leases,
                    at,
                    due,
                    throughput: message.route.throughput,
                    quota: message.route.tenant_throughput,
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
    // Read before the daily limit is taken: a message that its campaign stops takes nothing of it.
    let of_campaigns = attempts.iter().filter_map(|it| it.message.due.campaign());
    let stopped = campaigns::stopped(tx.on(), &of_campaigns.collect()).await?;
    let is_stopped = |due: &DueSend| due.campaign_id.is_some_and(|id| stopped.contains(&id));
    for it in attempts.iter().filter(|it| is_stopped(&it.message.due)) {
        outcomes.set(it.message.due.id, Outcome::Snooze { until: started_at });
    }
    let stopped_attempts: HashSet<AttemptId> = attempts
        .iter()
        .filter(|it| is_stopped(&it.message.due))
        .map(|it| it.id)
        .collect();
    attempts.retain(|it| !stopped_attempts.contains(&it.id));
    candidates.retain(|it| !stopped_attempts.contains(&it.attempt));
    let counted = daily_limit::count_recipients(&mut tx, candidates, started_at).await?;
    daily_limit::snooze_deferred(
        attempts.iter().map(|attempt| &attempt.message.due),
        &counted.later,
        outcomes,
    );
    attempts.retain(|attempt| !counted.later.contains_key(&attempt.message.due.id));
    let begun: Vec<NewAttempt> = attempts.iter().map(begun).collect();
    messages::lock(&mut tx, begun.iter().map(|it| (it.tenant, it.message))).await?;
    let mut moved = MovedStatuses::default();
    let free = sends::begin(tx.on(), &begun, &mut moved).await?;
    // Late in the transaction: a change of the rate between this statement and the commit is not seen.
    sends::store_reservations(tx.on(), &reservations, service.clock.now() + PROPAGATION_TIME).await?;
    moved.count(&mut tx).await?;
    counted.add_unlimited(&mut tx).await?;
    tx.commit().await?;
    // The other attempts were proven by a status or canceled in the meantime. Their recipients stay counted for a day.
    attempts.retain(|attempt| free.contains(&attempt.message.due.id));
    Ok(attempts)
}

/// Rounds a reservation time down to a multiple of 100 ms, but not below `now`. That is early enough, since slots are given ahead.
fn align(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let aligned = at - TimeDelta::microseconds(at.timestamp_subsec_micros().rem_euclid(ALIGNMENT_US).into());
    aligned.max(now.min(at))
}

/// Returns the key of the recipient for the rate limiter's pair limit: the contact, whichever address is used.
pub(crate) fn recipient_key(due: &DueSend) -> String {
    due.contact_id.to_string()
}

/// Returns the channel's number and rates for the rate limiter.
pub(crate) fn limited_number(route: &Route) -> LimitedNumber {
    LimitedNumber {
        tenant: route.tenant,
        channel: route.channel,
        limits: RateLimits::at(route.throughput).within(route.tenant_throughput),
    }
}
