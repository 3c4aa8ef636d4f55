//! Statuses of sent messages: stored whole, applied forward only, joined later when the message is not known yet.

use chrono::TimeDelta;

use super::{event_buffer::EventBuffer, plan::ItemSource, recipients, refusals};
use crate::{
    contacts::people,
    db::{Result, Tx, is_unavailable, retry_conflicts},
    directory::Route,
    domain::Status,
    inbound::InboundService,
    inbound::store::statuses::{self, JoinedStatus, NewStatus},
    messaging::{self, FailedMessage, FollowUp, store::sends::Proof},
    provider::{
        errors,
        webhook::{self, StatusKind, WhatsAppUser},
    },
    records::{
        campaigns::MovedStatuses,
        contacts, conversations,
        messages::{self, MessageKey, ReportedStatus},
    },
};

/// Maps Meta's status; `None` for statuses that report no progress, such as `warning`.
pub fn known(kind: &StatusKind) -> Option<Status> {
    match kind {
        StatusKind::Accepted => Some(Status::Accepted),
        StatusKind::Sent => Some(Status::Sent),
        StatusKind::Delivered => Some(Status::Delivered),
        StatusKind::Read => Some(Status::Read),
        StatusKind::Played => Some(Status::Played),
        StatusKind::Failed => Some(Status::Failed),
        StatusKind::Deleted => Some(Status::Deleted),
        StatusKind::Warning | StatusKind::Other(_) => None,
    }
}

/// Returns the proof that Meta has the message, for a status that carries the id of one of our attempts.
pub(super) fn proof(route: &Route, status: &webhook::StatusUpdate) -> Option<Proof> {
    Some(Proof {
        attempt: status.opaque.as_deref()?.parse().ok()?,
        channel: route.channel,
        wamid: status.wamid.clone(),
    })
}

/// Returns the row of a status.
pub(super) fn planned(origin: &ItemSource<'_>, route: &Route, status: &webhook::StatusUpdate) -> NewStatus {
    let known = known(&status.status);
    let word = match (&status.status, known) {
        (_, Some(known)) => known.as_str().to_owned(),
        (StatusKind::Other(word), None) => word.clone(),
        _ => "warning".to_owned(),
    };
    let error = status.errors.first();
    NewStatus {
        key: MessageKey {
            channel: route.channel,
            wamid: status.wamid.clone(),
        },
        tenant: route.tenant,
        status: word,
        rank: known.map_or(0, Status::rank),
        occurred_at: status.timestamp.unwrap_or(origin.received_at),
        participant: status
            .participant
            .as_ref()
            .and_then(WhatsAppUser::address)
            .unwrap_or_default(),
        error_code: error.and_then(|error| Some(errors::effective_code(error.code?, error.subcode))),
        error_title: error.and_then(|error| error.title.clone()),
        payload: status.raw.clone(),
        received_at: origin.received_at,
    }
}

/// Returns the failure that a status reports, for a message that Meta had accepted.
pub(super) fn failed(status: &JoinedStatus) -> Option<FailedMessage> {
    (status.message_status() == Some(Status::Failed)).then_some(())?;
    Some(FailedMessage {
        message: status.message_id,
        channel: status.channel_id,
        code: status.error_code?,
        title: status.error_title.clone().unwrap_or_default(),
        at: status.occurred_at,
    })
}

/// Advances the messages of these statuses and buffers the events.
pub(super) async fn advance(
    tx: &mut Tx,
    joined: Vec<JoinedStatus>,
    buffer: &mut EventBuffer<'_>,
    moved: &mut MovedStatuses,
) -> Result<()> {
    let reported: Vec<ReportedStatus> = joined
        .iter()
        .filter_map(|it| {
            Some(ReportedStatus {
                tenant: it.tenant_id,
                message: it.message_id,
                status: it.message_status()?,
                error_code: it.error_code,
                error_title: it.error_title.clone(),
            })
        })
        .collect();
    messages::advance_status(tx.on(), &reported, moved).await?;
    joined.iter().for_each(|status| buffer.add_status(status));
    Ok(())
}

/// Joins statuses to messages that a concurrent transaction stored. Runs periodically. Statuses that cannot be joined do not block the
/// others; their last error is returned at the end.
pub async fn join_overlooked(service: &InboundService) -> Result<usize> {
    const RECENT: TimeDelta = TimeDelta::minutes(15);
    const LIMIT: i64 = 1_000;
    let since = service.clock.now() - RECENT;
    let mut count = 0;
    // Refused ones stay first in the result and are skipped.
    let (mut refused, mut error) = (0, None);
    loop {
        let found = statuses::overlooked(service.db.reader(), since, refused, LIMIT).await?;
        let mut keys = found.clone();
        keys.sort();
        keys.dedup();
        let (before, joined) = (refused, count);
        match join_again(service, &keys).await {
            Ok(joined) => count += joined,
            Err(why) if is_unavailable(&why) => return Err(why),
            Err(why) => {
                tracing::warn!(error = %why, messages = keys.len(),
                    "orphan statuses could not be joined together; joining one message at a time");
                for key in &keys {
                    match join_again(service, std::slice::from_ref(key)).await {
                        Ok(joined) => count += joined,
                        Err(why) if is_unavailable(&why) => return Err(why),
                        Err(why) => {
                            refused += found.iter().filter(|it| *it == key).count() as i64;
                            error = Some(why);
                        }
                    }
                }
            }
        }
        if (found.len() as i64) < LIMIT || (before, joined) == (refused, count) {
            return error.map_or(Ok(count), Err);
        }
    }
}

/// Joins the orphan statuses of these messages in a transaction, with retries.
async fn join_again(service: &InboundService, keys: &[MessageKey]) -> Result<usize> {
    let join = async || {
        let joined = service
            .db
            .transaction(async |tx: &mut Tx| join_in(tx, service, keys).await)
            .await;
        people::after_merges(&service.db, &service.clock, joined).await
    };
    let (count, aftermath) = retry_conflicts(join).await?;
    messaging::run_follow_up(&service.messaging, aftermath).await;
    Ok(count)
}

async fn join_in(tx: &mut Tx, service: &InboundService, keys: &[MessageKey]) -> Result<(usize, FollowUp)> {
    let mut buffer = EventBuffer::new(&service.clock);
    let orphans = statuses::orphans(tx.on(), keys).await?;
    let mut named = recipients::orphan_recipients(&orphans);
    recipients::sort(&mut named);
    let recipients = messaging::recipients(tx, &named).await?;
    let refused = |it: &&statuses::OrphanStatus| it.error_code.is_some_and(messaging::has_effects);
    let refused: Vec<&statuses::OrphanStatus> = orphans.iter().filter(refused).collect();
    contacts::lock_tenants(tx, refused.iter().map(|it| it.tenant_id)).await?;
    let refused: Vec<(MessageKey, i64)> = refused
        .iter()
        .filter_map(|it| Some((it.key(), it.error_code?)))
        .collect();
    let refused: Vec<(&MessageKey, i64)> = refused.iter().map(|(key, code)| (key, *code)).collect();
    let affected = refusals::lock_affected(tx, &refused, &named, &recipients).await?;
    buffer.add_contacts(&people::resolve(tx, &service.clock, &recipients.parties, &affected.contacts).await?);
    conversations::lock_existing(tx, &affected.conversations).await?;
    messages::lock(tx, recipients.messages).await?;
    let joined = statuses::join(tx.on(), keys).await?;
    let count = joined.len();
    let failed: Vec<FailedMessage> = joined.iter().filter_map(failed).collect();
    let mut moved = MovedStatuses::default();
    advance(tx, joined, &mut buffer, &mut moved).await?;
    let mut aftermath = messaging::apply_failures(tx, &service.clock, &failed, &mut moved).await?;
    moved.count(tx).await?;
    buffer.extend(std::mem::take(&mut aftermath.events));
    buffer.append(tx).await?;
    Ok((count, aftermath))
}
