//! One transaction: a plan for parsed webhooks, its effects, and what follows the commit.

use std::{ops::Range, sync::Arc};

use super::{
    apply::{self, Afterwards},
    plan::{Plan, settled},
    read::Parsed,
};
use crate::{
    app::{App, INBOUND, MEDIA_INBOUND},
    db::{Result, Tx},
    domain::{Id, WorkState},
    inbound::store::{quarantine, unrecognized},
    media::store::NewInboundMedia,
    messaging,
    queue::{Entry, counts},
    records::raw_events::{self, Processed},
};

/// Applies whole events and settles them.
pub async fn whole(app: &App, events: &[Parsed]) -> Result<()> {
    run(app, &events.iter().collect::<Vec<_>>(), None).await
}

/// Applies some items of one event.
pub async fn slice(app: &App, event: &Parsed, items: Range<usize>) -> Result<()> {
    run(app, &[event], Some(items)).await
}

/// Settles one event whose items were all applied.
pub async fn settle(app: &App, event: &Parsed) -> Result<()> {
    let settled = settled(&app.directory.current(), event);
    let end = async |tx: &mut Tx| finish(tx, app, std::slice::from_ref(&settled)).await;
    app.db.transaction_in_turn(end).await?;
    measure_settled(&[settled]);
    Ok(())
}

/// Applies the items of a range, or all and settles the events, in one transaction.
async fn run(app: &App, events: &[&Parsed], items: Option<Range<usize>>) -> Result<()> {
    let all = plan(app, events, items.clone()).await?;
    let is_whole = items.is_none();
    let apply = async |tx: &mut Tx| {
        let locked = raw_events::lock(tx, &events.iter().map(|event| event.id).collect::<Vec<_>>()).await?;
        let plan = if locked.len() == events.len() {
            all
        } else {
            // Another worker has the others or has settled them.
            let is_ours = |event: &&&Parsed| locked.binary_search(&event.id).is_ok();
            let ours: Vec<&Parsed> = events.iter().filter(is_ours).copied().collect();
            Plan::make(&app.directory.current(), &app.clock, &ours, items)
        };
        let afterwards = effects(app, tx, &plan, is_whole).await?;
        Ok::<_, sqlx::Error>((plan, afterwards))
    };
    let (plan, Afterwards { media, failures }) = app.db.transaction_in_turn(apply).await?;
    fetch(app, media).await;
    measure(&plan);
    if is_whole {
        measure_settled(&plan.processed);
    }
    count_received(app, &plan).await;
    messaging::follow(app, failures).await;
    Ok(())
}

async fn effects(app: &App, tx: &mut Tx, plan: &Plan, is_whole: bool) -> Result<Afterwards> {
    let (facts, afterwards) = apply::apply(tx, &app.clock, plan).await?;
    quarantine::put(&mut *tx, plan.quarantined.iter().cloned().collect()).await?;
    unrecognized::put(&mut *tx, &plan.unrecognized, app.clock.now()).await?;
    if is_whole {
        finish(tx, app, &plan.processed).await?;
    }
    facts.append(tx).await?;
    Ok(afterwards)
}

async fn finish(tx: &mut Tx, app: &App, processed: &[Processed]) -> Result<()> {
    let now = app.clock.now();
    let settled = raw_events::finish(&mut *tx, processed, now).await?;
    counts::add(&mut *tx, &INBOUND, now, settled.cast_signed(), 0).await
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

async fn plan(app: &App, events: &[&Parsed], items: Option<Range<usize>>) -> Result<Plan> {
    let known = app.directory.current();
    let plan = Plan::make(&known, &app.clock, events, items.clone());
    if plan.quarantined.is_empty() {
        return Ok(plan);
    }
    // The channel may have been added a moment ago; if none was, the plan stands.
    app.directory.refresh().await?;
    let now_known = app.directory.current();
    if Arc::ptr_eq(&known, &now_known) {
        return Ok(plan);
    }
    Ok(Plan::make(&now_known, &app.clock, events, items))
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
}

fn measure_settled(processed: &[Processed]) {
    let is_quarantined = |event: &&Processed| event.state == WorkState::Quarantined;
    let quarantined = processed.iter().filter(is_quarantined).count();
    metrics::counter!("mainstay_webhooks_quarantined_total").increment(quarantined as u64);
}
