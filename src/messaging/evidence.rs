//! What statuses prove about attempts, and what a `failed` one means for the message. Called by whoever applies webhooks, inside their
//! transaction.

use chrono::{DateTime, Utc};

use super::{
    breaker,
    effects::{self, Told},
    ready::place,
    record,
    reserve::{number, pair},
    verdict::{Verdict, verdict},
};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{ChannelId, MessageId, Status, TenantId},
    messaging::{
        MessagingService,
        store::sends::{self, Proof},
    },
    rate_limit::MetaFeedback,
    records::events::NewEvent,
};

/// Settles the attempts these statuses came back with.
pub async fn prove(tx: &mut Tx, clock: &Clock, proofs: &[Proof]) -> Result<()> {
    if proofs.is_empty() {
        return Ok(());
    }
    let proven = sends::prove(tx, proofs, clock.now()).await?;
    metrics::counter!("mainstay_sends_proven_total").increment(proven.len() as u64);
    Ok(())
}

/// A message that Meta took and then gave up.
#[derive(Clone, Debug)]
pub struct Failed {
    pub tenant: TenantId,
    pub message: MessageId,
    pub channel: ChannelId,
    pub code: i64,
    pub title: String,
    /// Meta's time.
    pub at: DateTime<Utc>,
}

/// What is to be done about failures once they are committed.
#[derive(Default)]
pub struct Aftermath {
    /// To be told, in the same transaction.
    pub events: Vec<NewEvent>,
    /// Failures that say that a channel may not send.
    pub trips: Vec<Failed>,
    /// What the governor has to hear: of which channel, to whom.
    pub answers: Vec<(ChannelId, String, MetaFeedback)>,
    pub channels_changed: bool,
}

/// Has those sent again that may be, and writes what follows. A failure told twice finds the message queued or sent already and does
/// nothing.
pub async fn failed(tx: &mut Tx, clock: &Clock, failures: &[Failed]) -> Result<Aftermath> {
    let mut aftermath = Aftermath::default();
    if failures.is_empty() {
        return Ok(aftermath);
    }
    let now = clock.now();
    let ids: Vec<MessageId> = failures.iter().map(|it| it.message).collect();
    let due = sends::load(&mut *tx, &ids).await?;
    let (mut again, mut kept, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for it in due.iter().filter(|it| it.status == Status::Failed) {
        let Some(failure) = failures.iter().find(|failure| failure.message == it.id) else {
            continue;
        };
        match verdict(failure.code, it.tries, it.created_at, it.expires_at, now) {
            Verdict::Fail => {}
            Verdict::Again(at) => again.push((it.tenant_id, it.id, at)),
            // It waits for the channel, as those do that were refused at once.
            Verdict::Trip => {
                kept.push((it.tenant_id, it.id, now));
                aftermath.trips.push(failure.clone());
            }
        }
        let answer = effects::answer(failure.code);
        aftermath
            .answers
            .extend(answer.map(|answer| (it.channel_id, pair(it), answer)));
        told.push(Told {
            due: it,
            code: failure.code,
            title: &failure.title,
            at: failure.at,
            tried_at: it.attempt_started_at.unwrap_or(it.created_at),
        });
    }
    let mut queued = sends::requeue(&mut *tx, &again).await?;
    queued.extend(sends::keep_for_breaker(&mut *tx, &kept).await?);
    aftermath.events = due
        .iter()
        .filter(|it| queued.contains(&it.id))
        .map(|it| record::event(clock, &place(it, Status::Queued, None)))
        .collect();
    let carried = effects::carry_out(tx, clock, &told).await?;
    aftermath.events.extend(carried.events);
    aftermath.channels_changed = carried.channels_changed;
    Ok(aftermath)
}

/// Does what has to wait for the commit. The database or the governor may be away: the next refusal of Meta's brings it again.
pub async fn follow(service: &MessagingService, aftermath: Aftermath) {
    if let Err(error) = carry_on(service, aftermath).await {
        tracing::warn!(%error, "statuses are written, but not what follows from them for channels");
    }
}

async fn carry_on(service: &MessagingService, aftermath: Aftermath) -> Result<()> {
    for trip in aftermath.trips {
        breaker::trip(service, trip.channel, trip.code, &trip.title).await?;
    }
    if aftermath.channels_changed {
        service.directory.refresh().await?;
    }
    let directory = service.directory.current();
    for (channel, to, answer) in aftermath.answers {
        if let Some(route) = directory.channel(channel) {
            let _ = service.rate_limiter.record_feedback(&number(route), &to, answer).await;
        }
    }
    Ok(())
}
