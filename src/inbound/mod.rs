//! From stored webhooks to conversations. A job's events are divided into portions; each is read, parsed, and applied with set-based
//! statements in one transaction. What fails is taken apart: a portion into its events, an event into halves of its items and halves of
//! those, so that what cannot be applied harms nobody else.

mod account;
mod apply;
mod batch;
mod calls;
mod facts;
mod media;
mod messages;
mod numbers;
mod plan;
mod portions;
mod read;
mod recipients;
mod slices;
mod statuses;

use std::time::Duration;

use tokio::time::Instant;

pub use statuses::join_overlooked;

use portions::{LONG, Portion};
use read::{ParseFailure, Parsed};

use crate::{
    app::App,
    db::{is_unavailable, write_together},
    domain::RawEventId,
};

/// How long one job goes on with long webhooks; those it did not come to are left to the next.
const TURN: Duration = Duration::from_millis(250);

/// An event that could not be applied.
#[derive(Debug)]
pub struct Failure {
    pub event: RawEventId,
    pub error: String,
    /// The database was away: the event is not at fault.
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

/// What became of events. Those not named are settled, each in the transaction of its effects.
#[derive(Debug, Default)]
pub struct Report {
    pub failures: Vec<Failure>,
    /// Not begun, to give short webhooks their turn.
    pub postponed: Vec<RawEventId>,
}

/// Applies the events that still want work.
pub async fn process(app: &App, events: &[RawEventId]) -> Report {
    let mut report = Report::default();
    let portions = match portions::portions(app, events).await {
        Ok(portions) => portions,
        Err(error) => {
            report.failures = Failure::all(events, &error);
            return report;
        }
    };
    let begun = Instant::now();
    for Portion { events, is_long } in portions {
        match report.failures.last().filter(|it| it.transient) {
            Some(away) => {
                let error = away.error.clone();
                report.failures.extend(events.into_iter().map(|event| Failure {
                    event,
                    error: error.clone(),
                    transient: true,
                }));
            }
            None if is_long && begun.elapsed() > TURN => report.postponed.extend(events),
            None => together(app, &events, &mut report).await,
        }
    }
    report
}

/// Reads, parses and applies events.
async fn together(app: &App, ids: &[RawEventId], report: &mut Report) {
    let events = match read::bodies(app, ids).await {
        Ok(events) => events,
        Err(error) => return report.failures.extend(Failure::all(ids, &error)),
    };
    // Long webhooks have fewer places than there are jobs at a time.
    let is_long = matches!(&events[..], [event] if event.body.len() as i64 > LONG);
    let place = is_long.then(|| app.long_webhooks.try_acquire());
    if let Some(Err(_)) = place {
        metrics::counter!("mainstay_webhooks_postponed_total").increment(1);
        return report.postponed.extend(ids);
    }
    match read::parse(events).await {
        Ok(parsed) => apply_all(app, &parsed, report).await,
        Err(why) if ids.len() > 1 => {
            tracing::warn!(error = %why, webhooks = ids.len(), "webhooks could not be parsed together; each is parsed by itself");
            for id in ids {
                Box::pin(together(app, &[*id], report)).await;
            }
        }
        Err(why) => report
            .failures
            .extend(ids.iter().map(|id| Failure::unparsed(*id, &why))),
    }
}

/// Applies parsed events: in transactions of a thousand items at most, an event with more in several.
async fn apply_all(app: &App, parsed: &[Parsed], report: &mut Report) {
    for events in slices::by_items(parsed) {
        if let [event] = events
            && event.items() > slices::ITEMS
        {
            let applied = slices::one(app, event).await;
            report
                .failures
                .extend(applied.err().map(|error| Failure::new(event.id, &error)));
            continue;
        }
        let apply = |events| async move { batch::whole(app, events).await.map(|()| Vec::new()) };
        let failed = |error: &sqlx::Error, events: &[Parsed]| {
            let failure = |event: &Parsed| Failure::new(event.id, error);
            events.iter().map(failure).collect()
        };
        let failures: Vec<Failure> = write_together(events, apply, failed).await;
        for failure in failures {
            let alone = events.iter().find(|it| it.id == failure.event && !failure.transient);
            let applied = match alone {
                Some(event) => slices::one(app, event)
                    .await
                    .map_err(|error| Failure::new(event.id, &error)),
                None => Err(failure),
            };
            report.failures.extend(applied.err());
        }
    }
}
