//! How many events go into one transaction. A webhook may tell of a thousand statuses, and the messages of all of them are locked until
//! the commit: whoever writes what Meta answered to one of them waits for it.

use std::collections::HashMap;

use crate::{app::App, db::Result, domain::RawEventId, store::raw_events};

/// Bytes of webhooks in one transaction, unless a single one is longer: about a thousand statuses.
const PORTION: i64 = 512 * 1_024;

/// The events, in their order, in portions of at most that length.
pub async fn portions(app: &App, events: &[RawEventId]) -> Result<Vec<Vec<RawEventId>>> {
    if events.len() < 2 {
        return Ok(vec![events.to_vec()]);
    }
    let lengths = raw_events::lengths(app.db.reader(), events).await?;
    Ok(divide(events, &lengths.into_iter().collect()))
}

fn divide(events: &[RawEventId], lengths: &HashMap<RawEventId, i64>) -> Vec<Vec<RawEventId>> {
    let mut portions = Vec::new();
    let (mut portion, mut sum) = (Vec::new(), 0);
    for event in events {
        let length = lengths.get(event).copied().unwrap_or_default();
        if sum + length > PORTION && !portion.is_empty() {
            portions.push(std::mem::take(&mut portion));
            sum = 0;
        }
        portion.push(*event);
        sum += length;
    }
    portions.push(portion);
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_portion_is_as_long_as_it_may_be_and_nothing_is_left_out() {
        let clock = Clock::default();
        let lengths = [100, PORTION, PORTION + 1, PORTION / 2, PORTION / 2, 1];
        let events: Vec<RawEventId> = lengths.iter().map(|_| clock.new_id()).collect();
        let known = events.iter().copied().zip(lengths).collect();
        let portions = divide(&events, &known);
        let counts: Vec<usize> = portions.iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 1, 2, 1]);
        assert_eq!(portions.concat(), events);
    }
}
