//! Writes conclusions: one commit for all that are waiting. While one commit runs, the next batch gathers.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    contacts::people::{self, Party},
    db::{self, BatchReceiver, Tx, write_together},
    domain::{AttemptId, AttemptOutcome, ChannelId, ContactId, HoldReason, MessageId, TenantId},
    messaging::{
        self, Conclusion, ConclusionResult, ConclusionSubmission, MessagingService, RejectedAttempt, daily_limit,
        effects::{self, ErrorReport},
        recipients::{Recipients, recipients},
        store::sends::{self, AttemptEnd, DueSend},
        transitions,
    },
    records::{
        campaigns::MovedStatuses,
        channels, contacts,
        events::{self, NewEvent},
        lock_order::Stage,
        messages::{self, MessageOwner, NamedRecipient},
        portfolios::PortfolioKey,
    },
};

/// Maximum number of conclusions in a commit.
const BATCH: usize = 256;
/// How long a smaller batch waits for more. Only the stored state is delayed by it.
const LINGER: Duration = Duration::from_millis(25);

/// Writes conclusions until `done`, then those that still wait.
pub async fn write_conclusions(
    service: &MessagingService,
    from: mpsc::Receiver<ConclusionSubmission>,
    done: &CancellationToken,
) {
    let mut waiting = BatchReceiver::new(BATCH, from).with_linger(LINGER);
    while let Some(batch) = waiting.next(done).await {
        let (conclusions, replies): (Vec<Conclusion>, Vec<_>) = batch.into_iter().unzip();
        let written = write_together(&conclusions, |conclusions| write_all(service, conclusions), failed).await;
        for ((conclusion, written), reply) in conclusions.iter().zip(written).zip(replies) {
            if written == ConclusionResult::Lost {
                tracing::warn!(message.id = %conclusion.end.transition.message, "Meta's answer could not be stored; evidence will decide");
            }
            let _ = reply.send(written);
        }
    }
}

fn failed(error: &sqlx::Error, conclusions: &[Conclusion]) -> Vec<ConclusionResult> {
    tracing::error!(%error, messages = conclusions.len(), "answers of Meta could not be stored");
    vec![ConclusionResult::Lost; conclusions.len()]
}

async fn write_all(service: &MessagingService, conclusions: &[Conclusion]) -> db::Result<Vec<ConclusionResult>> {
    let ended = write(service, conclusions).await?;
    let written = |it: &Conclusion| match ended.contains(&it.end.attempt) {
        true => ConclusionResult::Ended,
        false => ConclusionResult::Known,
    };
    Ok(conclusions.iter().map(written).collect())
}

/// Writes the conclusions and returns the attempts that ended as concluded. Attempts that had ended before stay as they are.
async fn write(service: &MessagingService, conclusions: &[Conclusion]) -> db::Result<HashSet<AttemptId>> {
    let write = async |tx: &mut Tx| write_in(tx, &service.clock, conclusions).await;
    let (ended, channels_changed) =
        people::after_merges(&service.db, &service.clock, service.db.transaction(write).await).await?;
    // The commit is done. The directory refreshes by itself within a second.
    if channels_changed && let Err(error) = service.directory.refresh().await {
        tracing::warn!(%error, "the directory could not be refreshed after a change of a channel");
    }
    Ok(ended)
}

/// Returns the attempts that ended, and whether a channel has changed.
async fn write_in(tx: &mut Tx, clock: &Clock, conclusions: &[Conclusion]) -> db::Result<(HashSet<AttemptId>, bool)> {
    let now = clock.now();
    let rejections: Vec<&RejectedAttempt> = conclusions.iter().filter_map(|it| it.rejected.as_ref()).collect();
    // Lock order: tenants (also by `recipients`), channels, portfolios, contacts, conversations, messages.
    let with_effects = rejections.iter().filter(|it| it.has_effects());
    contacts::lock_tenants(tx, with_effects.map(|it| it.due.tenant_id)).await?;
    let named: Vec<NamedRecipient> = conclusions.iter().filter_map(|it| it.named.clone()).collect();
    let Recipients { parties, .. } = recipients(tx, &named).await?;
    let pausing = rejections.iter().filter(|it| messaging::pauses_campaigns(it.code));
    let pausing: Vec<ChannelId> = pausing.map(|it| it.due.channel_id).collect();
    channels::lock(tx, pausing).await?;
    let uncounted: Vec<(PortfolioKey, ContactId, AttemptId)> = conclusions.iter().filter_map(uncounted).collect();
    daily_limit::uncount(tx, &uncounted).await?;
    // A rejection has its effects whether or not the end of its attempt was known already.
    let dues = with_current_contacts(tx, &rejections).await?;
    let reports: Vec<ErrorReport<'_>> = rejections
        .iter()
        .zip(&dues)
        .map(|(it, due)| error_report(it, due, now))
        .collect();
    let affected: Vec<(TenantId, ContactId)> = rejections
        .iter()
        .zip(&dues)
        .filter(|(it, _)| it.has_effects())
        .map(|(_, due)| (due.tenant_id, due.contact_id))
        .collect();
    let mut new_events = name_recipients(tx, clock, &parties, &affected).await?;
    Stage::Conversations.reach(tx);
    let applied = effects::apply_effects(tx, clock, &reports).await?;
    messages::lock(
        tx,
        conclusions
            .iter()
            .map(|it| (it.end.transition.tenant, it.end.transition.message)),
    )
    .await?;
    let ends: Vec<AttemptEnd> = conclusions.iter().map(|it| it.end.clone()).collect();
    let mut ended = sends::conclude(tx.on(), &ends, now).await?;
    let ours: Vec<&Conclusion> = conclusions
        .iter()
        .filter(|it| ended.contains(&it.end.attempt))
        .collect();
    let transitions = ours.iter().map(|it| it.end.transition.clone()).collect();
    let mut moved = MovedStatuses::default();
    new_events.extend(transitions::apply(tx, clock, transitions, &mut moved).await?);
    let held = |it: &&Conclusion| Some((it.end.transition.message, it.held?));
    let held: Vec<(MessageId, HoldReason)> = ours.iter().filter_map(held).collect();
    sends::set_hold_reasons(tx.on(), &held).await?;
    new_events.extend(applied.events);
    // A status had settled these before the answer. They are finished, unless the status was a failure that is retried.
    let proven = conclusions
        .iter()
        .filter(|it| it.end.outcome == AttemptOutcome::Accepted && !ended.contains(&it.end.attempt));
    let proven: Vec<&AttemptEnd> = proven.map(|it| &it.end).collect();
    let messages: Vec<MessageId> = proven.iter().map(|it| it.transition.message).collect();
    let again = sends::awaiting_retry(tx.on(), &messages).await?;
    let over = proven.iter().filter(|it| !again.contains(&(it.transition.message,)));
    ended.extend(over.map(|it| it.attempt));
    moved.count(tx).await?;
    events::append(tx, &new_events, now).await?;
    Ok((ended, applied.channels_changed))
}

fn uncounted(it: &Conclusion) -> Option<(PortfolioKey, ContactId, AttemptId)> {
    let (key, contact) = it.uncounted.clone()?;
    Some((key, contact, it.end.attempt))
}

fn error_report<'a>(rejected: &'a RejectedAttempt, due: &'a DueSend, at: DateTime<Utc>) -> ErrorReport<'a> {
    ErrorReport {
        due,
        code: rejected.code,
        title: &rejected.title,
        at,
        tried_at: rejected.tried_at,
    }
}

/// Adds the names in Meta's answers to the contacts of the messages.
async fn name_recipients(
    tx: &mut Tx,
    clock: &Clock,
    parties: &[Party],
    affected: &[(TenantId, ContactId)],
) -> db::Result<Vec<NewEvent>> {
    if parties.is_empty() && affected.is_empty() {
        return Ok(Vec::new());
    }
    let resolved = people::resolve(tx, clock, parties, affected).await?;
    Ok(people::events_for(clock, &resolved))
}

/// Returns the rejected messages with their current contacts and conversations: contacts may have been merged since the messages were
/// loaded.
async fn with_current_contacts<'c>(
    tx: &mut Tx,
    rejections: &[&'c RejectedAttempt],
) -> db::Result<Vec<Cow<'c, DueSend>>> {
    let with_effects = rejections.iter().filter(|it| it.has_effects());
    let with_effects: Vec<(TenantId, MessageId)> = with_effects.map(|it| (it.due.tenant_id, it.due.id)).collect();
    let whose: HashMap<MessageId, MessageOwner> = messages::owners(tx.on(), &with_effects)
        .await?
        .into_iter()
        .map(|it| (it.id, it))
        .collect();
    let due = |it: &&'c RejectedAttempt| {
        let mut due = Cow::Borrowed(&it.due);
        if let Some(whose) = whose.get(&due.id)
            && (whose.contact_id, whose.conversation_id) != (due.contact_id, due.conversation_id)
        {
            let due = due.to_mut();
            (due.contact_id, due.conversation_id) = (whose.contact_id, whose.conversation_id);
        }
        due
    };
    Ok(rejections.iter().map(due).collect())
}
