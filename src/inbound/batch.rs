use std::sync::Arc;

use super::{
    apply::{self, Afterwards},
    plan::Plan,
};
use crate::{
    app::{App, INBOUND, MEDIA_INBOUND},
    db::{Result, Tx},
    domain::{Id, RawEventId, WorkState},
    messaging,
    meta::webhook,
    queue::{Entry, counts},
    store::{
        media::NewInboundMedia,
        quarantine,
        raw_events::{self, RawEvent},
        unrecognized,
    },
};

/// How much of the events is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Everything, and the events are settled.
    Whole,
    /// The item of this number, and nothing is settled.
    Item(usize),
}

/// How many items an event has.
pub async fn items(app: &App, event: RawEventId) -> Result<usize> {
    let body = raw_events::body(app.db.reader(), event).await?;
    Ok(body
        .and_then(|body| webhook::parse(&body).ok())
        .map_or(0, |webhook| webhook.items.len()))
}

/// Applies the events in one transaction.
pub async fn run(app: &App, ids: &[RawEventId], attempt: Attempt) -> Result<()> {
    let apply = async |tx: &mut Tx| effects(app, tx, ids, attempt).await;
    let (plan, Afterwards { media, failures }) = app.db.transaction(apply).await?;
    fetch(app, media).await;
    if attempt == Attempt::Whole {
        measure(&plan);
        count_received(app, &plan).await;
    }
    messaging::follow(app, failures).await;
    Ok(())
}

async fn effects(app: &App, tx: &mut Tx, ids: &[RawEventId], attempt: Attempt) -> Result<(Plan, Afterwards)> {
    let events = raw_events::lock(tx, ids).await?;
    let plan = plan(app, &events, attempt).await?;
    let now = app.clock.now();
    let (facts, afterwards) = apply::apply(tx, &app.clock, &plan).await?;
    if attempt == Attempt::Whole {
        quarantine::put(&mut *tx, plan.quarantined.clone()).await?;
        unrecognized::put(&mut *tx, &plan.unrecognized, now).await?;
        let settled = raw_events::finish(&mut *tx, &plan.processed, now).await?;
        counts::add(&mut *tx, &INBOUND, now, settled.cast_signed(), 0).await?;
    }
    facts.append(tx).await?;
    Ok((plan, afterwards))
}

/// Queues what is to be fetched, at once: a person may be looking at an empty frame.
async fn fetch(app: &App, media: Vec<NewInboundMedia>) {
    if media.is_empty() {
        return;
    }
    let entry = |media: NewInboundMedia| Entry {
        id: media.id.uuid(),
        due: media.received_at,
        lane: media.lane,
    };
    let entries: Vec<Entry> = media.into_iter().map(entry).collect();
    // What cannot be queued is found by the sweep.
    let _ = app.queues.offer(&MEDIA_INBOUND, &entries).await;
}

async fn plan(app: &App, events: &[RawEvent], attempt: Attempt) -> Result<Plan> {
    let parsed: Vec<_> = events
        .iter()
        .map(|event| (event, webhook::parse(&event.body)))
        .collect();
    let known = app.directory.current();
    let plan = Plan::make(&known, &app.clock, &parsed, attempt);
    if plan.quarantined.is_empty() {
        return Ok(plan);
    }
    // The channel may have been added a moment ago; if none was, the plan stands.
    app.directory.refresh().await?;
    let now_known = app.directory.current();
    if Arc::ptr_eq(&known, &now_known) {
        return Ok(plan);
    }
    Ok(Plan::make(&now_known, &app.clock, &parsed, attempt))
}

/// Meta counts what a number receives against what it may send. The governor may be away: then nothing is sent anyway.
async fn count_received(app: &App, plan: &Plan) {
    let directory = app.directory.current();
    for (channel, count) in &plan.received {
        if let Some(route) = directory.channel(*channel) {
            let _ = app.governor.received(&messaging::number(route), *count).await;
        }
    }
}

fn measure(plan: &Plan) {
    for (kind, count) in &plan.counts {
        metrics::counter!("mainstay_items_processed_total", "type" => *kind).increment(*count);
    }
    for item in &plan.unrecognized {
        metrics::counter!("mainstay_items_unrecognized_total", "reason" => item.reason.clone()).increment(1);
    }
    let quarantined = plan
        .processed
        .iter()
        .filter(|event| event.state == WorkState::Quarantined)
        .count();
    metrics::counter!("mainstay_webhooks_quarantined_total").increment(quarantined as u64);
}
