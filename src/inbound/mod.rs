//! Processes stored webhooks into messages, statuses and events.
//!
//! 1. The events of a job are divided into portions.
//! 2. Each portion is parsed and applied in one transaction, with set-based statements.
//! 3. On failure the portion is split: into its events, then an event into halves of its items, down to single items. Items that cannot
//!    be applied do not block the others.

mod account;
mod answers;
mod apply;
mod archived;
mod batch;
mod calls;
mod event_buffer;
pub mod intake;
mod keywords;
mod media;
mod messages;
mod numbers;
mod plan;
mod portions;
mod preferences;
mod read;
mod recipients;
mod refusals;
pub mod replay;
mod service;
mod slices;
mod statuses;
pub mod store;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use service::InboundService;
pub use statuses::join_overlooked;

use read::{ParseFailure, Parsed};

use crate::{
    db::{is_unavailable, write_together},
    domain::RawEventId,
    queue::Queue,
    records::raw_events::{self, PendingEvents, RawEvent},
};

/// Queue of stored webhooks.
pub const INBOUND: Queue = Queue::new("inbound", "raw_events");

/// The field of a probe: a webhook by which the operator sees that others would be processed. It has no effect.
pub(crate) const PROBE_FIELD: &str = "mainstay_probe";

/// Maximum number of long webhooks a process handles at a time: one fewer than the jobs of the queue, so that short ones always proceed.
pub(crate) const LONG_WEBHOOKS: usize = 2;

/// Maximum time a job spends on long webhooks before it leaves the rest to the next job.
const LONG_TIME_LIMIT: Duration = Duration::from_millis(250);

/// An event that could not be applied.
#[derive(Debug)]
pub struct Failure {
    pub event: RawEventId,
    pub error: String,
    /// The database was unavailable; the event is not at fault.
    pub transient: bool,
}

impl Failure {
    fn new(event: RawEventId, error: &sqlx::Error) -> Self {
        Self {
            event,
            error: error.to_string(),
            transient: is_unavailable(error),
        }
    }

    fn unparsed(event: RawEventId, why: &ParseFailure) -> Self {
        Self {
            event,
            error: why.to_string(),
            transient: false,
        }
    }

    fn all(events: &[RawEventId], error: &sqlx::Error) -> Vec<Self> {
        events.iter().map(|event| Self::new(*event, error)).collect()
    }
}

/// Maximum size in bytes of a short webhook: about two hundred messages.
const SHORT_BYTES: i64 = 64 * 1_024;

/// Result of processing events. Events not listed are settled, each in the transaction of its effects.
#[derive(Debug, Default)]
pub struct Report {
    pub failures: Vec<Failure>,
    /// Not started, so that short webhooks get their turn.
    pub postponed: Vec<RawEventId>,
}

impl Report {
    /// Fails the events if the last failure was an unavailable database. Returns whether it did.
    fn fail_if_unavailable(&mut self, events: impl IntoIterator<Item = RawEventId>) -> bool {
        let Some(away) = self.failures.last().filter(|failure| failure.transient) else {
            return false;
        };
        let error = away.error.clone();
        self.failures.extend(events.into_iter().map(|event| Failure {
            event,
            error: error.clone(),
            transient: true,
        }));
        true
    }
}

/// Processes the pending events: short ones together, then each long one alone, so that long webhooks of one tenant do not delay others.
pub async fn process(service: &InboundService, events: &[RawEventId]) -> Report {
    let mut report = Report::default();
    let PendingEvents { short, long } = match raw_events::pending(service.db.reader(), events, SHORT_BYTES).await {
        Ok(waiting) => waiting,
        Err(error) => {
            report.failures = Failure::all(events, &error);
            return report;
        }
    };
    let begun = Instant::now();
    for portion in portions::divide(short) {
        if !report.fail_if_unavailable(portion.iter().map(|event| event.id)) {
            process_batch(service, portion, &mut report).await;
        }
    }
    for id in long {
        if begun.elapsed() > LONG_TIME_LIMIT {
            report.postponed.push(id);
        } else if !report.fail_if_unavailable([id]) {
            process_long(service, id, &mut report).await;
        }
    }
    report
}

/// Parses and applies events in one batch.
async fn process_batch(service: &InboundService, events: Vec<RawEvent>, report: &mut Report) {
    let ids: Vec<RawEventId> = events.iter().map(|event| event.id).collect();
    match read::parse(events).await {
        Ok(parsed) => apply_all(service, &parsed, report).await,
        Err(why) if ids.len() > 1 => {
            tracing::warn!(error = %why, webhooks = ids.len(), "webhooks could not be parsed together; parsing one at a time");
            for id in ids {
                process_one(service, id, report).await;
            }
        }
        Err(why) => report
            .failures
            .extend(ids.iter().map(|id| Failure::unparsed(*id, &why))),
    }
}

/// Processes one long event if a permit is free; there are fewer permits than concurrent jobs.
async fn process_long(service: &InboundService, id: RawEventId, report: &mut Report) {
    let Ok(_permit) = service.long_webhooks.try_acquire() else {
        metrics::counter!("mainstay_webhooks_postponed_total").increment(1);
        return report.postponed.push(id);
    };
    process_one(service, id, report).await;
}

/// Loads and processes a single event.
async fn process_one(service: &InboundService, id: RawEventId, report: &mut Report) {
    match raw_events::pending(service.db.reader(), &[id], i64::MAX).await {
        Ok(PendingEvents { short, .. }) => Box::pin(process_batch(service, short, report)).await,
        Err(error) => report.failures.extend(Failure::all(&[id], &error)),
    }
}

/// Applies parsed events in transactions of at most 1,000 items. An event with more items takes several.
async fn apply_all(service: &InboundService, parsed: &[Parsed], report: &mut Report) {
    for events in slices::by_items(parsed) {
        if let [event] = events
            && event.items() > slices::MAX_ITEMS
        {
            let applied = slices::apply_event(service, event).await;
            report
                .failures
                .extend(applied.err().map(|error| Failure::new(event.id, &error)));
            continue;
        }
        let apply = |events| async move { batch::apply_events(service, events).await.map(|()| Vec::new()) };
        let failed = |error: &sqlx::Error, events: &[Parsed]| {
            let failure = |event: &Parsed| Failure::new(event.id, error);
            events.iter().map(failure).collect()
        };
        let failures: Vec<Failure> = write_together(events, apply, failed).await;
        for failure in failures {
            let retried = events.iter().find(|it| it.id == failure.event && !failure.transient);
            let applied = match retried {
                Some(event) => slices::apply_event(service, event)
                    .await
                    .map_err(|error| Failure::new(event.id, &error)),
                None => Err(failure),
            };
            report.failures.extend(applied.err());
        }
    }
}
