//! One transaction: a plan for parsed webhooks, its effects, and what follows the commit.

use std::{ops::Range, sync::Arc};

use super::{
    apply::{self, AfterCommit},
    plan::{Plan, settled},
    read::Parsed,
};
use crate::{
    db::{Result, Tx},
    domain::{Id, WorkState},
    inbound::INBOUND,
    inbound::InboundService,
    inbound::store::{quarantine, unrecognized},
    media::MEDIA_INBOUND,
    media::store::NewInboundMedia,
    messaging, people,
    queue::{JobEntry, counts},
    records::raw_events::{self, ProcessedEvent},
};

/// Applies whole events and settles them.
pub async fn whole(service: &InboundService, events: &[Parsed]) -> Result<()> {
    run(service, &events.iter().collect::<Vec<_>>(), None).await
}

/// Applies some items of one event.
pub async fn slice(service: &InboundService, event: &Parsed, items: Range<usize>) -> Result<()> {
    run(service, &[event], Some(items)).await
}

/// Settles one event whose items were all applied.
pub async fn settle(service: &InboundService, event: &Parsed) -> Result<()> {
    let settled = settled(&service.directory.current(), event);
    let end = async |tx: &mut Tx| finish(tx, service, std::slice::from_ref(&settled)).await;
    service.db.background_transaction(end).await?;
    measure_settled(&[settled]);
    Ok(())
}

/// Applies the items of a range, or all and settles the events, in one transaction.
async fn run(service: &InboundService, events: &[&Parsed], items: Option<Range<usize>>) -> Result<()> {
    let all = plan(service, events, items.clone()).await?;
    let is_whole = items.is_none();
    let apply = async |tx: &mut Tx| {
        let locked = raw_events::lock(tx, &events.iter().map(|event| event.id).collect::<Vec<_>>()).await?;
        let plan = if locked.len() == events.len() {
            all
        } else {
            // Another worker has the others or has settled them.
            let is_ours = |event: &&&Parsed| locked.binary_search(&event.id).is_ok();
            let ours: Vec<&Parsed> = events.iter().filter(is_ours).copied().collect();
            Plan::make(&service.directory.current(), &service.clock, &ours, items)
        };
        let after_commit = effects(service, tx, &plan, is_whole).await?;
        Ok::<_, sqlx::Error>((plan, after_commit))
    };
    let (
        plan,
        AfterCommit {
            media,
            failures,
            limits,
        },
    ) = people::after_merges(
        &service.db,
        &service.clock,
        service.db.background_transaction(apply).await,
    )
    .await?;
    fetch(service, media).await;
    measure(&plan);
    if is_whole {
        measure_settled(&plan.processed);
    }
    count_received(service, &plan).await;
    messaging::release_limits(&service.messaging, &limits).await;
    messaging::follow(&service.messaging, failures).await;
    Ok(())
}

async fn effects(service: &InboundService, tx: &mut Tx, plan: &Plan, is_whole: bool) -> Result<AfterCommit> {
    let (buffer, after_commit) = apply::apply(tx, &service.clock, plan).await?;
    quarantine::put(&mut *tx, plan.quarantined.iter().cloned().collect()).await?;
    unrecognized::put(&mut *tx, &plan.unrecognized, service.clock.now()).await?;
    if is_whole {
        finish(tx, service, &plan.processed).await?;
    }
    buffer.append(tx).await?;
    Ok(after_commit)
}

async fn finish(tx: &mut Tx, service: &InboundService, processed: &[ProcessedEvent]) -> Result<()> {
    let now = service.clock.now();
    let settled = raw_events::finish(&mut *tx, processed, now).await?;
    counts::add(&mut *tx, &INBOUND, now, settled.cast_signed(), 0).await
}

/// Queues what is to be fetched, at once: a person may be looking at an empty frame.
async fn fetch(service: &InboundService, media: Vec<NewInboundMedia>) {
    if media.is_empty() {
        return;
    }
    let entry = |media: NewInboundMedia| JobEntry {
        id: media.id.uuid(),
        due: media.received_at,
        lane: media.lane,
    };
    let entries: Vec<JobEntry> = media.into_iter().map(entry).collect();
    // What cannot be queued is found by the sweep.
    let _ = service.queues.push_entries(&MEDIA_INBOUND, &entries).await;
}

async fn plan(service: &InboundService, events: &[&Parsed], items: Option<Range<usize>>) -> Result<Plan> {
    let known = service.directory.current();
    let plan = Plan::make(&known, &service.clock, events, items.clone());
    if plan.quarantined.is_empty() {
        return Ok(plan);
    }
    // The channel may have been added a moment ago; if none was, the plan stands.
    service.directory.refresh().await?;
    let now_known = service.directory.current();
    if Arc::ptr_eq(&known, &now_known) {
        return Ok(plan);
    }
    Ok(Plan::make(&now_known, &service.clock, events, items))
}

/// Meta counts what a number receives against what it may send. The governor may be away: then nothing is sent anyway.
async fn count_received(service: &InboundService, plan: &Plan) {
    let directory = service.directory.current();
    for (channel, count) in &plan.received {
        if let Some(route) = directory.channel(*channel) {
            let _ = service.rate_limiter.received(&messaging::number(route), *count).await;
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

fn measure_settled(processed: &[ProcessedEvent]) {
    let is_quarantined = |event: &&ProcessedEvent| event.state == WorkState::Quarantined;
    let quarantined = processed.iter().filter(is_quarantined).count();
    metrics::counter!("mainstay_webhooks_quarantined_total").increment(quarantined as u64);
}
