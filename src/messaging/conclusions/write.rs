//! The writing of what came of calls: one commit for all that are waiting. While one commit runs, the next batch gathers.

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
    db::{self, BatchReceiver, Tx, write_together},
    domain::{AttemptId, AttemptOutcome, ChannelId, ContactId, HoldReason, MessageId, TenantId},
    messaging::{
        self, Concluded, Conclusion, MessagingService, Refused, Written, daily_limit,
        effects::{self, Told},
        recipients::{Recipients, recipients},
        record,
        store::sends::{self, Due, End},
    },
    people::{self, Party},
    records::{
        channels, contacts,
        events::{self, NewEvent},
        lock_order::Stage,
        messages::{self, MessageOwner, NamedRecipient},
        portfolios::PortfolioKey,
    },
};

/// The most of one commit.
const BATCH: usize = 256;
/// How long is waited for others when there are fewer: nobody waits for these but the books.
const LINGER: Duration = Duration::from_millis(25);

/// Writes until `done`, and then what still waits.
pub async fn write_conclusions(service: &MessagingService, from: mpsc::Receiver<Concluded>, done: &CancellationToken) {
    let mut waiting = BatchReceiver::new(BATCH, from).with_linger(LINGER);
    while let Some(batch) = waiting.next(done).await {
        let (conclusions, told): (Vec<Conclusion>, Vec<_>) = batch.into_iter().unzip();
        let written = write_together(&conclusions, |conclusions| write_all(service, conclusions), failed).await;
        for ((conclusion, written), told) in conclusions.iter().zip(written).zip(told) {
            if written == Written::Lost {
                tracing::warn!(message.id = %conclusion.end.placed.message, "what Meta answered could not be written; evidence will decide");
            }
            let _ = told.send(written);
        }
    }
}

fn failed(error: &sqlx::Error, conclusions: &[Conclusion]) -> Vec<Written> {
    tracing::error!(%error, messages = conclusions.len(), "answers of Meta's could not be written");
    vec![Written::Lost; conclusions.len()]
}

async fn write_all(service: &MessagingService, conclusions: &[Conclusion]) -> db::Result<Vec<Written>> {
    let ended = write(service, conclusions).await?;
    let written = |it: &Conclusion| match ended.contains(&it.end.attempt) {
        true => Written::Ended,
        false => Written::Known,
    };
    Ok(conclusions.iter().map(written).collect())
}

/// What is said of attempts whose end was known already is not written.
async fn write(service: &MessagingService, conclusions: &[Conclusion]) -> db::Result<HashSet<AttemptId>> {
    let write = async |tx: &mut Tx| write_in(tx, &service.clock, conclusions).await;
    let (ended, channels_changed) =
        people::after_merges(&service.db, &service.clock, service.db.transaction(write).await).await?;
    // It is written. The directory looks again by itself before long.
    if channels_changed && let Err(error) = service.directory.refresh().await {
        tracing::warn!(%error, "what changed of a channel is not known here yet");
    }
    Ok(ended)
}

/// The attempts that ended, and whether something changed of a channel.
async fn write_in(tx: &mut Tx, clock: &Clock, conclusions: &[Conclusion]) -> db::Result<(HashSet<AttemptId>, bool)> {
    let now = clock.now();
    let refusals: Vec<&Refused> = conclusions.iter().filter_map(|it| it.refused.as_ref()).collect();
    // Rows are locked in the order in which inbound locks them: tenants, portfolios, contacts, conversations, messages.
    let acted_on = refusals.iter().filter(|it| it.is_acted_on());
    contacts::lock_tenants(tx, acted_on.map(|it| it.due.tenant_id)).await?;
    let pausing = refusals.iter().filter(|it| messaging::pauses_campaigns(it.code));
    let pausing: Vec<ChannelId> = pausing.map(|it| it.due.channel_id).collect();
    channels::lock(tx, pausing).await?;
    let named: Vec<NamedRecipient> = conclusions.iter().filter_map(|it| it.named.clone()).collect();
    let Recipients { parties, .. } = recipients(tx, &named).await?;
    let uncounted: Vec<(PortfolioKey, ContactId, AttemptId)> = conclusions.iter().filter_map(uncounted).collect();
    daily_limit::give_back(tx, &uncounted).await?;
    // What follows from a refusal follows whether or not the end of its attempt was known already.
    let dues = as_they_are(tx, &refusals).await?;
    let refused: Vec<Told<'_>> = refusals
        .iter()
        .zip(&dues)
        .map(|(it, due)| told_of(it, due, now))
        .collect();
    let affected: Vec<ContactId> = refusals
        .iter()
        .zip(&dues)
        .filter(|(it, _)| it.is_acted_on())
        .map(|(_, due)| due.contact_id)
        .collect();
    let mut told = name_recipients(tx, clock, &parties, &affected).await?;
    Stage::Conversations.reach(tx);
    let carried = effects::carry_out(tx, clock, &refused).await?;
    messages::lock(
        tx,
        conclusions
            .iter()
            .map(|it| (it.end.placed.tenant, it.end.placed.message)),
    )
    .await?;
    let ends: Vec<End> = conclusions.iter().map(|it| it.end.clone()).collect();
    let mut ended = sends::conclude(&mut *tx, &ends, now).await?;
    let ours: Vec<&Conclusion> = conclusions
        .iter()
        .filter(|it| ended.contains(&it.end.attempt))
        .collect();
    let placed = ours.iter().map(|it| it.end.placed.clone()).collect();
    told.extend(record::place(tx, clock, placed).await?);
    let held = |it: &&Conclusion| Some((it.end.placed.message, it.held?));
    let held: Vec<(MessageId, HoldReason)> = ours.iter().filter_map(held).collect();
    sends::hold(&mut *tx, &held).await?;
    told.extend(carried.events);
    // A status told of these before the answer. Nothing is left to look at, unless it told of a failure.
    let proven = conclusions
        .iter()
        .filter(|it| it.end.outcome == AttemptOutcome::Accepted && !ended.contains(&it.end.attempt));
    let proven: Vec<&End> = proven.map(|it| &it.end).collect();
    let messages: Vec<MessageId> = proven.iter().map(|it| it.placed.message).collect();
    let again = sends::put_off(&mut *tx, &messages).await?;
    let over = proven.iter().filter(|it| !again.contains(&(it.placed.message,)));
    ended.extend(over.map(|it| it.attempt));
    events::append(tx, &told, now).await?;
    Ok((ended, carried.channels_changed))
}

fn uncounted(it: &Conclusion) -> Option<(PortfolioKey, ContactId, AttemptId)> {
    let (key, contact) = it.uncounted.clone()?;
    Some((key, contact, it.end.attempt))
}

fn told_of<'a>(refused: &'a Refused, due: &'a Due, at: DateTime<Utc>) -> Told<'a> {
    Told {
        due,
        code: refused.code,
        title: &refused.title,
        at,
        tried_at: refused.tried_at,
    }
}

/// Gives the contacts of messages what Meta calls them in its answers.
async fn name_recipients(
    tx: &mut Tx,
    clock: &Clock,
    parties: &[Party],
    affected: &[ContactId],
) -> db::Result<Vec<NewEvent>> {
    if parties.is_empty() && affected.is_empty() {
        return Ok(Vec::new());
    }
    let resolved = people::resolve(tx, clock, parties, affected).await?;
    Ok(people::events_for(clock, &resolved))
}

/// The refused messages, with the contacts and conversations they have now: contacts may have been merged since they were looked at.
async fn as_they_are<'c>(tx: &mut Tx, refusals: &[&'c Refused]) -> db::Result<Vec<Cow<'c, Due>>> {
    let acted_on = refusals.iter().filter(|it| it.is_acted_on());
    let acted_on: Vec<(TenantId, MessageId)> = acted_on.map(|it| (it.due.tenant_id, it.due.id)).collect();
    let whose: HashMap<MessageId, MessageOwner> = messages::owners(tx, &acted_on)
        .await?
        .into_iter()
        .map(|it| (it.id, it))
        .collect();
    let due = |it: &&'c Refused| {
        let mut due = Cow::Borrowed(&it.due);
        if let Some(whose) = whose.get(&due.id)
            && (whose.contact_id, whose.conversation_id) != (due.contact_id, due.conversation_id)
        {
            let due = due.to_mut();
            (due.contact_id, due.conversation_id) = (whose.contact_id, whose.conversation_id);
        }
        due
    };
    Ok(refusals.iter().map(due).collect())
}
