//! How the events of a job are divided: short webhooks together, each long one by itself and after them, so that a tenant's long ones
//! do not hold up the others.

use std::collections::HashMap;

use crate::{app::App, db::Result, domain::RawEventId, store::raw_events};

/// Bytes of webhooks in one transaction: about a thousand statuses. The messages of all of them are locked until the commit, and whoever
/// writes what Meta answered to one of them waits for it.
const PORTION: i64 = 512 * 1_024;
/// Bytes from which a webhook is long: some two hundred messages.
pub const LONG: i64 = 64 * 1_024;

/// Events that are read, parsed and applied together.
#[derive(Debug, PartialEq, Eq)]
pub struct Portion {
    pub events: Vec<RawEventId>,
    /// One long webhook.
    pub is_long: bool,
}

/// The short webhooks in their order, in portions of at most half a megabyte; then the long ones.
pub async fn portions(app: &App, events: &[RawEventId]) -> Result<Vec<Portion>> {
    if events.len() < 2 {
        // Its length shows when it is read.
        return Ok(vec![Portion {
            events: events.to_vec(),
            is_long: false,
        }]);
    }
    let lengths = raw_events::lengths(app.db.reader(), events).await?;
    Ok(divide(events, &lengths.into_iter().collect()))
}

fn divide(events: &[RawEventId], lengths: &HashMap<RawEventId, i64>) -> Vec<Portion> {
    let length = |event: &RawEventId| lengths.get(event).copied().unwrap_or_default();
    let (long, short): (Vec<RawEventId>, Vec<RawEventId>) = events.iter().partition(|event| length(event) > LONG);
    let mut portions = Vec::new();
    let mut sum = PORTION;
    for event in short {
        let length = length(&event);
        if sum + length > PORTION {
            portions.push(Portion {
                events: Vec::new(),
                is_long: false,
            });
            sum = 0;
        }
        if let Some(portion) = portions.last_mut() {
            portion.events.push(event);
        }
        sum += length;
    }
    portions.extend(long.into_iter().map(|event| Portion {
        events: vec![event],
        is_long: true,
    }));
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn short_ones_go_together_and_long_ones_after_them_by_themselves() {
        let clock = Clock::default();
        let lengths = [LONG + 1, LONG, LONG + 1, LONG, 1, LONG, LONG, LONG, LONG, LONG, LONG, 0];
        let events: Vec<RawEventId> = lengths.iter().map(|_| clock.new_id()).collect();
        let known = events.iter().copied().zip(lengths).collect();
        let portions = divide(&events, &known);
        let counts: Vec<(usize, bool)> = portions.iter().map(|it| (it.events.len(), it.is_long)).collect();
        assert_eq!(counts, [(8, false), (2, false), (1, true), (1, true)]);
        let mut all: Vec<RawEventId> = portions.into_iter().flat_map(|it| it.events).collect();
        assert_eq!(all[..2], [events[1], events[3]], "in their order");
        all.sort();
        let mut events = events;
        events.sort();
        assert_eq!(all, events, "nothing is left out");
    }
}
