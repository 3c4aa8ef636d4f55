//! The governor's leave, and the attempts of those who have it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    daily_limit::{self, Want},
    ready::Ready,
};
use crate::{
    db,
    directory::{PROPAGATION_TIME, Route},
    domain::{AttemptId, MessageId},
    messaging::MessagingService,
    messaging::store::sends::{self, Begun, Due, Promised},
    meta::message::{SendEnvelope, UnresolvedMedia},
    queue::{Lane, Outcome, Outcomes},
    rate_limit::{Grant, LimitedNumber, RateLimits, SlotRequest},
    records::{messages, portfolios::PortfolioKey},
};

/// When to come again while the governor cannot be asked.
pub const UNGOVERNED: Duration = Duration::from_secs(1);

/// The times at which bunches come, in microseconds of a second.
const BUNCH_US: u32 = 100_000;

/// A call about to be made.
pub struct Call {
    pub ready: Ready,
    pub attempt: AttemptId,
    /// Which attempt this is: 1 is the first.
    pub number: i64,
    pub started_at: DateTime<Utc>,
    pub slot: DateTime<Utc>,
    /// The portfolio whose daily limit it counts against, if it does.
    pub counted: Option<PortfolioKey>,
}

impl Call {
    /// The exact request.
    pub fn body(&self) -> Result<String, UnresolvedMedia> {
        let Ready {
            due,
            to,
            message,
            options,
            ..
        } = &self.ready;
        message.body(&SendEnvelope {
            to,
            context: due.context_wamid.as_deref().filter(|_| due.kind != "reaction"),
            opaque: &self.attempt.to_string(),
            options,
        })
    }
}

/// Asks for slots, and writes down the attempts of those who have one. The others come again when they were told to.
pub async fn reserve(
    service: &MessagingService,
    sendable: Vec<Ready>,
    outcomes: &mut Outcomes<MessageId>,
) -> db::Result<Vec<Call>> {
    let ask = |it: &Ready| SlotRequest {
        number: number(&it.route),
        recipient: pair(&it.due),
        lane: it.due.send_lane(),
        has_reservation: it.due.promised_at.is_some(),
    };
    let asks: Vec<SlotRequest> = sendable.iter().map(ask).collect();
    let grants = match service.rate_limiter.reserve(&asks).await {
        Ok(grants) => grants,
        Err(error) => {
            tracing::warn!(%error, sends = asks.len(), "rate limiter unavailable: nothing is sent");
            let until = service.clock.now() + UNGOVERNED;
            for it in sendable {
                outcomes.set(it.due.id, Outcome::Snooze { until });
            }
            return Ok(Vec::new());
        }
    };
    let started_at = service.clock.now();
    let (mut calls, mut promised, mut wants) = (Vec::new(), Vec::new(), Vec::new());
    for (ready, grant) in sendable.into_iter().zip(grants) {
        match grant {
            Grant::Slot(slot) => {
                let attempt = service.clock.new_id();
                let want = Want::of(&ready, attempt, started_at);
                calls.push(Call {
                    number: ready.due.tries + 1,
                    ready,
                    attempt,
                    started_at,
                    slot,
                    counted: want.as_ref().map(|want| want.key.clone()),
                });
                wants.extend(want);
            }
            Grant::Later { at, .. } => {
                let at = together(at, started_at);
                let (id, leases) = (ready.due.id, ready.due.leases);
                let due = ready.due.expires_at.map_or(at, |end| end.min(at));
                promised.push(Promised {
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
    let begun = |call: &Call| Begun {
        id: call.attempt,
        message: call.ready.due.id,
        tenant: call.ready.due.tenant_id,
        channel: call.ready.due.channel_id,
        number: call.number,
        at: call.started_at,
        marked: call.ready.due.marked,
    };
    let mut tx = service.db.begin().await?;
    let taken = daily_limit::take(&mut tx, wants, started_at).await?;
    daily_limit::put_off(calls.iter().map(|call| &call.ready.due), &taken.later, outcomes);
    calls.retain(|call| !taken.later.contains_key(&call.ready.due.id));
    let begun: Vec<Begun> = calls.iter().map(begun).collect();
    messages::lock(&mut tx, begun.iter().map(|it| (it.tenant, it.message))).await?;
    let free = sends::begin(&mut tx, &begun).await?;
    // Late in the transaction: a rate that changes from here on to the commit is not seen.
    sends::promise(&mut tx, &promised, service.clock.now() + PROPAGATION_TIME).await?;
    taken.settle(&mut tx).await?;
    tx.commit().await?;
    // Of the others a status has told meanwhile, or somebody withdrew them: that they were counted costs a place for a day.
    calls.retain(|call| free.contains(&call.ready.due.id));
    Ok(calls)
}

/// Those who are told to come later come in bunches: a little early, for slots are given ahead.
fn together(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let bunched = at - TimeDelta::microseconds(at.timestamp_subsec_micros().rem_euclid(BUNCH_US).into());
    bunched.max(now.min(at))
}

/// The recipient as the governor's pair limit counts: the contact, by whichever address they are dialled.
pub fn pair(due: &Due) -> String {
    due.contact_id.to_string()
}

/// The channel as the governor sees it.
pub fn number(route: &Route) -> LimitedNumber {
    LimitedNumber {
        tenant: route.tenant,
        channel: route.channel,
        limits: RateLimits::at(route.throughput).within(route.tenant_throughput),
    }
}
