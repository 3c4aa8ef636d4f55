use super::{apply, plan::Plan};
use crate::{
    app::App,
    db::{Result, is_conflict},
    domain::{RawEventId, WorkState},
    meta::webhook,
    store::{
        quarantine,
        raw_events::{self, RawEvent},
        unrecognized,
    },
};

/// Two batches that touch the same new contact or conversation may collide; the loser simply begins again.
const COLLISIONS: usize = 5;

/// How much of the events is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Everything, and the events are settled.
    Whole,
    /// The item of this number, and nothing is settled.
    Item(usize),
}

/// Applies the events in one transaction.
pub async fn run(app: &App, events: &[RawEventId], attempt: Attempt) -> Result<()> {
    let mut collisions = 0;
    loop {
        match once(app, events, attempt).await {
            Err(error) if is_conflict(&error) && collisions < COLLISIONS => collisions += 1,
            result => return result,
        }
    }
}

/// How many items an event has.
pub async fn items(app: &App, event: RawEventId) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    let events = raw_events::lock(&mut tx, &[event]).await?;
    Ok(events
        .first()
        .and_then(|event| webhook::parse(&event.body).ok())
        .map_or(0, |webhook| webhook.items.len()))
}

async fn once(app: &App, ids: &[RawEventId], attempt: Attempt) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let events = raw_events::lock(&mut tx, ids).await?;
    if events.is_empty() {
        return Ok(());
    }
    let plan = plan(app, &events, attempt).await?;
    let now = app.clock.now();
    let facts = apply::apply(&mut tx, &app.clock, &plan).await?;
    if attempt == Attempt::Whole {
        quarantine::put(&mut tx, plan.quarantined.clone()).await?;
        unrecognized::put(&mut tx, &plan.unrecognized, now).await?;
        let settled = raw_events::finish(&mut tx, &plan.processed, now).await?;
        let _ = settled;
    }
    facts.append(&mut tx, &app.clock).await?;
    tx.commit().await?;
    if attempt == Attempt::Whole {
        measure(&plan);
    }
    Ok(())
}

async fn plan(app: &App, events: &[RawEvent], attempt: Attempt) -> Result<Plan> {
    let parsed: Vec<_> = events
        .iter()
        .map(|event| (event, webhook::parse(&event.body)))
        .collect();
    let plan = Plan::make(&app.directory.current(), &app.clock, &parsed, attempt);
    if plan.quarantined.is_empty() {
        return Ok(plan);
    }
    // The channel may have been added a moment ago.
    app.directory.refresh().await?;
    Ok(Plan::make(&app.directory.current(), &app.clock, &parsed, attempt))
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
