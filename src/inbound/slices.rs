//! Applies many items in several transactions. Each is short, and an item that the database refuses fails alone.

use std::{ops::Range, time::Duration};

use tokio::time::Instant;

use super::{batch, read::Parsed};
use crate::{
    db::{Result, is_unavailable, retry_conflicts},
    inbound::InboundService,
};

/// Maximum items per transaction.
pub(crate) const MAX_ITEMS: usize = 1_000;
/// Target duration of a transaction. Above it slices get shorter: others wait for the locked rows, on SQLite for the file.
const TARGET_DURATION: Duration = Duration::from_millis(100);
/// Minimum items per slice; below it commits cost more than items.
const MIN_ITEMS: usize = 50;

/// Divides events into runs of at most [`MAX_ITEMS`] items. An event with more items is a run of its own.
pub(crate) fn by_items(events: &[Parsed]) -> Vec<&[Parsed]> {
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        if sum + event.items() > MAX_ITEMS && at > start {
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

/// Applies one event in slices of its items, each a transaction.
///
/// - A slice that takes longer than [`TARGET_DURATION`] halves the size of the next ones; less than a quarter of it doubles the size.
/// - A refused slice is halved, down to the single items that cannot be applied. What was applied stays applied.
/// - When all items are applied, the event is marked processed. Otherwise the last error is returned, and the retry changes nothing for
///   the applied items.
pub(crate) async fn apply_event(service: &InboundService, event: &Parsed) -> Result<()> {
    let all = 0..event.items();
    let mut waiting = vec![all];
    let (mut most, mut refused) = (MAX_ITEMS, None);
    while let Some(slice) = next(&mut waiting, most) {
        let begun = Instant::now();
        match retry_conflicts(|| batch::apply_items(service, event, slice.clone())).await {
            Ok(()) => most = next_size(most, begun.elapsed()),
            Err(error) if is_unavailable(&error) => return Err(error),
            Err(error) if slice.len() <= 1 => refused = Some(error),
            Err(_) => {
                let middle = slice.start + slice.len() / 2;
                waiting.extend([middle..slice.end, slice.start..middle]);
            }
        }
    }
    match refused {
        Some(error) => Err(error),
        None => retry_conflicts(|| batch::finish_event(service, event)).await,
    }
}

/// Returns the next slice of at most `most` items, from the last waiting range.
fn next(waiting: &mut Vec<Range<usize>>, most: usize) -> Option<Range<usize>> {
    let range = waiting.pop()?;
    let end = range.end.min(range.start + most);
    if end < range.end {
        waiting.push(end..range.end);
    }
    Some(range.start..end)
}

/// Returns the size of the next slice after one of at most `most` items took `took`.
fn next_size(most: usize, took: Duration) -> usize {
    match took {
        _ if took > TARGET_DURATION => (most / 2).max(MIN_ITEMS),
        _ if took < TARGET_DURATION / 4 => (most * 2).min(MAX_ITEMS),
        _ => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, provider::webhook};

    fn event(items: usize) -> Parsed {
        let clock = Clock::default();
        let changes = vec!["1"; items].join(",");
        let body = format!(r#"{{"entry":[{{"changes":[{changes}]}}]}}"#);
        Parsed {
            id: clock.new_id(),
            received_at: clock.now(),
            signed: None,
            webhook: webhook::parse(body.as_bytes()),
        }
    }

    #[test]
    fn a_run_has_so_many_items_unless_one_event_has_more() {
        let events: Vec<Parsed> = [1, MAX_ITEMS - 1, 1, MAX_ITEMS + 1, 2, 3].map(event).into();
        let runs: Vec<usize> = by_items(&events).iter().map(|run| run.len()).collect();
        assert_eq!(runs, [2, 1, 1, 2]);
        assert!(by_items(&[]).is_empty());
    }

    #[test]
    fn slices_follow_each_other_and_get_shorter_while_they_take_long() {
        let all = 0..2_500;
        let mut waiting = vec![all];
        assert_eq!(next(&mut waiting, MAX_ITEMS), Some(0..1_000));
        assert_eq!(next(&mut waiting, 600), Some(1_000..1_600));
        waiting.push(1_600..1_601);
        assert_eq!(
            next(&mut waiting, MAX_ITEMS),
            Some(1_600..1_601),
            "a half of a refused one comes first"
        );
        assert_eq!(next(&mut waiting, MAX_ITEMS), Some(1_600..2_500));
        assert_eq!(next(&mut waiting, MAX_ITEMS), None);
        let slow = TARGET_DURATION * 2;
        assert_eq!(
            [1_000, 90, MIN_ITEMS].map(|most| next_size(most, slow)),
            [500, MIN_ITEMS, MIN_ITEMS]
        );
        assert_eq!(
            [50, 900].map(|most| next_size(most, TARGET_DURATION / 8)),
            [100, MAX_ITEMS]
        );
        assert_eq!(next_size(100, TARGET_DURATION / 2), 100);
    }
}
