//! Many items in several transactions, so that none holds the database for long, and one that the database refuses costs only itself.

use std::ops::Range;

use super::{batch, read::Parsed};
use crate::{
    app::App,
    db::{Result, is_unavailable, retry_conflicts},
};

/// Items in one transaction.
pub const ITEMS: usize = 1_000;

/// Divides events into runs of at most [`ITEMS`] items; an event with more is by itself.
pub fn by_items(events: &[Parsed]) -> Vec<&[Parsed]> {
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        if sum + event.items() > ITEMS && at > start {
            runs.push(&events[start..at]);
            (start, sum) = (at, 0);
        }
        sum += event.items();
    }
    if start < events.len() {
        runs.push(&events[start..]);
    }
    runs
}

/// Applies one event in slices of its items, each a transaction. A slice that is refused is halved until only the items that cannot be
/// applied are left; what applies stays applied. The event is settled when all of it was; otherwise the error of its last bad item is
/// returned, and the event comes again, which changes nothing for the items that were applied.
pub async fn one(app: &App, event: &Parsed) -> Result<()> {
    let count = event.items();
    let starts = (0..count).step_by(ITEMS).rev();
    let mut slices: Vec<Range<usize>> = starts.map(|start| start..(start + ITEMS).min(count)).collect();
    let mut refused = None;
    while let Some(slice) = slices.pop() {
        match retry_conflicts(|| batch::slice(app, event, slice.clone())).await {
            Ok(()) => {}
            Err(error) if is_unavailable(&error) => return Err(error),
            Err(error) if slice.len() <= 1 => refused = Some(error),
            Err(_) => {
                let middle = slice.start + slice.len() / 2;
                slices.extend([middle..slice.end, slice.start..middle]);
            }
        }
    }
    match refused {
        Some(error) => Err(error),
        None => retry_conflicts(|| batch::settle(app, event)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, meta::webhook};

    fn event(items: usize) -> Parsed {
        let clock = Clock::default();
        let changes = vec!["1"; items].join(",");
        let body = format!(r#"{{"entry":[{{"changes":[{changes}]}}]}}"#);
        Parsed {
            id: clock.new_id(),
            received_at: clock.now(),
            signer: None,
            webhook: webhook::parse(body.as_bytes()),
        }
    }

    #[test]
    fn a_run_has_so_many_items_unless_one_event_has_more() {
        let events: Vec<Parsed> = [1, ITEMS - 1, 1, ITEMS + 1, 2, 3].map(event).into();
        let runs: Vec<usize> = by_items(&events).iter().map(|run| run.len()).collect();
        assert_eq!(runs, [2, 1, 1, 2]);
        assert!(by_items(&[]).is_empty());
    }
}
