//! The writing of what came of calls: one commit for all that are waiting. While one commit runs, the next batch gathers.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    daily_limit,
    effects::{self, Told},
    record,
};
use crate::{
    app::App,
    clock::Clock,
    db::{self, Batches, Tx, write_together},
    domain::{AttemptId, ContactId, MessageId},
    outbox::{Concluded, Conclusion, Written},
    store::{
        events, messages,
        portfolios::Key,
        sends::{self, End},
    },
};

/// The most of one commit.
const BATCH: usize = 256;
/// How long is waited for others when there are fewer: nobody waits for these but the books.
const LINGER: Duration = Duration::from_millis(25);

/// Writes until `done`, and then what still waits.
pub async fn write_conclusions(app: &App, from: mpsc::Receiver<Concluded>, done: &CancellationToken) {
    let mut waiting = Batches::of(BATCH, from).lingering(LINGER);
    while let Some(batch) = waiting.next(done).await {
        let (conclusions, told): (Vec<Conclusion>, Vec<_>) = batch.into_iter().unzip();
        let written = write_together(&conclusions, |conclusions| write_all(app, conclusions), failed).await;
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

async fn write_all(app: &App, conclusions: &[Conclusion]) -> db::Result<Vec<Written>> {
    let ended = write(app, conclusions).await?;
    let written = |it: &Conclusion| match ended.contains(&it.end.attempt) {
        true => Written::Ended,
        false => Written::Known,
    };
    Ok(conclusions.iter().map(written).collect())
}

/// What is said of attempts whose end was known already is not written.
async fn write(app: &App, conclusions: &[Conclusion]) -> db::Result<HashSet<AttemptId>> {
    let write = async |tx: &mut Tx| write_in(tx, &app.clock, conclusions).await;
    let (ended, channels_changed) = app.db.transaction(write).await?;
    // It is written. The directory looks again by itself before long.
    if channels_changed && let Err(error) = app.directory.refresh().await {
        tracing::warn!(%error, "what changed of a channel is not known here yet");
    }
    Ok(ended)
}

/// The attempts that ended, and whether something changed of a channel.
async fn write_in(tx: &mut Tx, clock: &Clock, conclusions: &[Conclusion]) -> db::Result<(HashSet<AttemptId>, bool)> {
    let now = clock.now();
    let uncounted: Vec<(Key, ContactId, AttemptId)> = conclusions.iter().filter_map(uncounted).collect();
    daily_limit::give_back(tx, &uncounted).await?;
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
    let mut told = record::place(tx, clock, placed).await?;
    let held = |it: &&Conclusion| Some((it.end.placed.message, it.held?));
    let held: Vec<(MessageId, &'static str)> = ours.iter().filter_map(held).collect();
    sends::hold(&mut *tx, &held).await?;
    // What follows from a refusal follows all the same.
    let refused: Vec<Told<'_>> = conclusions.iter().filter_map(|it| told_of(it, now)).collect();
    let carried = effects::carry_out(tx, clock, &refused).await?;
    told.extend(carried.events);
    // A status told of these before the answer. Nothing is left to look at, unless it told of a failure.
    let proven = conclusions
        .iter()
        .filter(|it| it.end.outcome == "accepted" && !ended.contains(&it.end.attempt));
    let proven: Vec<&End> = proven.map(|it| &it.end).collect();
    let messages: Vec<MessageId> = proven.iter().map(|it| it.placed.message).collect();
    let again = sends::put_off(&mut *tx, &messages).await?;
    let over = proven.iter().filter(|it| !again.contains(&(it.placed.message,)));
    ended.extend(over.map(|it| it.attempt));
    events::append(tx, &told, now).await?;
    Ok((ended, carried.channels_changed))
}

fn uncounted(it: &Conclusion) -> Option<(Key, ContactId, AttemptId)> {
    let (key, contact) = it.uncounted.clone()?;
    Some((key, contact, it.end.attempt))
}

fn told_of(it: &Conclusion, at: DateTime<Utc>) -> Option<Told<'_>> {
    let refused = it.refused.as_ref()?;
    Some(Told {
        due: &refused.due,
        code: refused.code,
        title: &refused.title,
        at,
        tried_at: refused.tried_at,
    })
}
