//! One transaction: plans parsed webhooks, applies the plan, and runs the work after the commit.

use std::{ops::Range, sync::Arc};

use super::{
    apply::{self, AfterCommit},
    plan::{Known, Plan, settled},
    read::Parsed,
};
use crate::{
    contacts::people,
    db::{Result, Tx},
    domain::{Id, WorkState},
    inbound::INBOUND,
    inbound::InboundService,
    inbound::store::{quarantine, unrecognized},
    media::MEDIA_INBOUND,
    media::store::NewInboundMedia,
    messaging::{self, accept::OUTBOUND},
    queue::{JobEntry, counts},
    records::raw_events::{self, ProcessedEvent},
};

/// Applies all items of the events and marks the events processed.
pub(crate) async fn apply_events(service: &InboundService, events: &[Parsed]) -> Result<()> {
    run(service, &events.iter().collect::<Vec<_>>(), None).await
}

/// Applies a range of the items of one event.
pub(crate) async fn apply_items(service: &InboundService, event: &Parsed, items: Range<usize>) -> Result<()> {
    run(service, &[event], Some(items)).await
}

/// Marks an event processed whose items are all applied.
pub(crate) async fn finish_event(service: &InboundService, event: &Parsed) -> Result<()> {
    let settled = settled(&service.directory.current(), event);
    let end = async |tx: &mut Tx| mark_processed(tx, service, std::slice::from_ref(&settled)).await;
    service.db.background_transaction(end).await?;
    measure_settled(&[settled]);
    Ok(())
}

/// Applies the items of a range in one transaction; without a range, applies all items and marks the events processed.
async fn run(service: &InboundService, events: &[&Parsed], items: Option<Range<usize>>) -> Result<()> {
    let all = plan(service, events, items.clone()).await?;
    let is_whole = items.is_none();
    let apply = async |tx: &mut Tx| {
        let locked = raw_events::lock(tx, &events.iter().map(|event| event.id).collect::<Vec<_>>()).await?;
        let plan = if locked.len() == events.len() {
            all
        } else {
            // Another worker holds the others or has finished them.
            let is_ours = |event: &&&Parsed| locked.binary_search(&event.id).is_ok();
            let ours: Vec<&Parsed> = events.iter().filter(is_ours).copied().collect();
            Plan::make(&known(service), &service.clock, &ours, items)
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
            replies,
        },
    ) = people::after_merges(
        &service.db,
        &service.clock,
        service.db.background_transaction(apply).await,
    )
    .await?;
    fetch(service, media).await;
    queue_replies(service, &replies).await;
    measure(&plan);
    if is_whole {
        measure_settled(&plan.processed);
    }
    count_received(service, &plan).await;
    messaging::release_limits(&service.messaging, &limits).await;
    messaging::run_follow_up(&service.messaging, failures).await;
    Ok(())
}

/// Applies the plan and stores quarantined and unrecognized items.
async fn effects(service: &InboundService, tx: &mut Tx, plan: &Plan, is_whole: bool) -> Result<AfterCommit> {
    let (buffer, after_commit) = apply::apply(tx, &service.clock, plan).await?;
    quarantine::put(tx.on(), plan.quarantined.iter().cloned().collect()).await?;
    unrecognized::put(tx.on(), &plan.unrecognized, service.clock.now()).await?;
    if is_whole {
        mark_processed(tx, service, &plan.processed).await?;
    }
    buffer.append(tx).await?;
    Ok(after_commit)
}

/// Marks events processed.
async fn mark_processed(tx: &mut Tx, service: &InboundService, processed: &[ProcessedEvent]) -> Result<()> {
    let now = service.clock.now();
    let settled = raw_events::finish(tx.on(), processed, now).await?;
    counts::add(tx.on(), &INBOUND, now, settled.cast_signed(), 0).await
}

/// Queues downloads of media at once: a person may be looking at the message.
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
    // If the push fails, the sweep finds the rows.
    let _ = service.queues.push_entries(&MEDIA_INBOUND, &entries).await;
}

/// Queues the answers to keywords.
async fn queue_replies(service: &InboundService, replies: &[JobEntry]) {
    if replies.is_empty() {
        return;
    }
    metrics::counter!("mainstay_messages_queued_total").increment(replies.len() as u64);
    // If the push fails, the sweep finds the rows.
    let _ = service.queues.push_entries(&OUTBOUND, replies).await;
}

/// Plans the items. Refreshes the directory once when an addressee is unknown.
async fn plan(service: &InboundService, events: &[&Parsed], items: Option<Range<usize>>) -> Result<Plan> {
    let before = known(service);
    let plan = Plan::make(&before, &service.clock, events, items.clone());
    if plan.quarantined.is_empty() {
        return Ok(plan);
    }
    // The channel may have been added since the last refresh.
    service.directory.refresh().await?;
    let now = known(service);
    if Arc::ptr_eq(&before.directory, &now.directory) {
        return Ok(plan);
    }
    Ok(Plan::make(&now, &service.clock, events, items))
}

fn known(service: &InboundService) -> Known {
    Known {
        directory: service.directory.current(),
        keywords: service.keywords.current(),
    }
}

/// Counts received messages against the rates of their numbers, as Meta does.
// An unavailable rate limiter is ignored: nothing is sent without it.
async fn count_received(service: &InboundService, plan: &Plan) {
    let directory = service.directory.current();
    for (channel, count) in &plan.received {
        if let Some(route) = directory.channel(*channel) {
            let _ = service
                .rate_limiter
                .received(&messaging::limited_number(route), *count)
                .await;
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
