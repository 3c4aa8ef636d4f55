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

use crate::{app::App, db::is_unavailable, domain::RawEventId};

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
    let all = |error| events.iter().map(|event| Failure::new(*event, &error)).collect();
    let portions = match portions::portions(app, events).await {
        Ok(portions) => portions,
        Err(error) => return all(error),
    };
    let mut failures = Vec::new();
    for portion in portions {
        match together(app, &portion).await {
            Ok(failed) => failures.extend(failed),
            Err(away) => return all(away),
        }
    }
    failures
}

/// Events in one transaction, or each by itself if that fails. The error is that the database is away; what was settled before stays so.
async fn together(app: &App, events: &[RawEventId]) -> Result<Vec<Failure>, sqlx::Error> {
    let error = match batch::run(app, events, Attempt::Whole).await {
        Ok(()) => return Ok(Vec::new()),
        Err(error) if is_unavailable(&error) => return Err(error),
        Err(error) => error,
    };
    if events.len() > 1 {
        tracing::warn!(%error, events = events.len(), "a batch of webhooks did not apply as a whole; each is tried alone");
    }
    let mut failures = Vec::new();
    for event in events {
        if let Err(error) = alone(app, *event).await {
            failures.push(Failure::new(*event, &error));
        }
    }
    Ok(failures)
}

/// One event by itself, and its items by themselves if even that fails. What applies stays applied; the event fails all the same and
/// comes again, which changes nothing for the items that did.
async fn alone(app: &App, event: RawEventId) -> Result<(), sqlx::Error> {
    let whole = batch::run(app, &[event], Attempt::Whole).await;
    match whole {
        Err(error) if !is_unavailable(&error) => {
            let items = batch::items(app, event).await?;
            for item in 0..items {
                // The error of the whole is the one to report; here the point is that the others succeed.
                let _ = batch::run(app, &[event], Attempt::Item(item)).await;
            }
            Err(error)
        }
        settled => settled,
    }
}
