//! From stored webhooks to conversations. A batch is parsed event by event and applied with set-based statements, a portion
//! of half a megabyte in one transaction; when that fails it goes event by event, and then item by item, so that what cannot be applied harms nobody else.

mod account;
mod apply;
mod batch;
mod facts;
mod media;
mod messages;
mod numbers;
mod plan;
mod portions;
mod statuses;

use batch::Attempt;
pub use statuses::join_overlooked;

use crate::{
    app::App,
    db::{is_unavailable, retry_conflicts, write_together},
    domain::RawEventId,
};

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
}

/// Applies the events that still want work. Those not named in the answer are settled, each in the transaction of its effects.
pub async fn process(app: &App, events: &[RawEventId]) -> Vec<Failure> {
    let portions = match portions::portions(app, events).await {
        Ok(portions) => portions,
        Err(error) => return events.iter().map(|event| Failure::new(*event, &error)).collect(),
    };
    let mut failures: Vec<Failure> = Vec::new();
    for portion in portions {
        match failures.last().filter(|it| it.transient) {
            Some(away) => {
                let error = away.error.clone();
                failures.extend(portion.into_iter().map(|event| Failure {
                    event,
                    error: error.clone(),
                    transient: true,
                }));
            }
            None => failures.extend(together(app, &portion).await),
        }
    }
    failures
}

/// Events in one transaction, or each by itself if that fails, and then their items.
async fn together(app: &App, events: &[RawEventId]) -> Vec<Failure> {
    let apply = |events| async move { batch::run(app, events, Attempt::Whole).await.map(|()| Vec::new()) };
    let failed = |error: &sqlx::Error, events: &[RawEventId]| {
        let failure = |event: &RawEventId| Failure::new(*event, error);
        events.iter().map(failure).collect()
    };
    let mut failures: Vec<Failure> = write_together(events, apply, failed).await;
    for failure in failures.iter_mut().filter(|it| !it.transient) {
        if let Err(error) = by_item(app, failure.event).await {
            *failure = Failure::new(failure.event, &error);
        }
    }
    failures
}

/// The items of an event by themselves. What applies stays applied; the event has failed all the same and comes again, which changes
/// nothing for the items that did.
async fn by_item(app: &App, event: RawEventId) -> Result<(), sqlx::Error> {
    let events = [event];
    for item in 0..batch::items(app, event).await? {
        // Otherwise the error of the whole is the one to report; here the point is that the others succeed.
        match retry_conflicts(|| batch::run(app, &events, Attempt::Item(item))).await {
            Err(error) if is_unavailable(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
