//! Divides the short webhooks of a job into transactions.

use crate::records::raw_events::RawEvent;

/// Maximum bytes of webhooks per transaction: about a thousand statuses. Their messages stay locked until the commit, and workers that
/// record Meta's responses for them wait.
const MAX_BYTES: usize = 512 * 1_024;

/// Divides webhooks into portions of at most 512 KiB, in order.
pub(crate) fn divide(events: Vec<RawEvent>) -> Vec<Vec<RawEvent>> {
    let mut portions: Vec<Vec<RawEvent>> = Vec::new();
    let mut sum = 0;
    for event in events {
        let length = event.body.len();
        match portions.last_mut() {
            Some(portion) if sum + length <= MAX_BYTES => {
                portion.push(event);
                sum += length;
            }
            _ => {
                portions.push(vec![event]);
                sum = length;
            }
        }
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, domain::Provider};

    #[test]
    fn webhooks_keep_their_order_and_a_portion_its_bytes() {
        let clock = Clock::default();
        let event = |length: usize| RawEvent {
            id: clock.new_id(),
            received_at: clock.now(),
            source: Provider::Meta,
            signer: None,
            app_secret_id: None,
            body: vec![0; length],
        };
        let half = MAX_BYTES / 2;
        let events: Vec<RawEvent> = [half, half, 1, half, half, MAX_BYTES, MAX_BYTES + 1, 0]
            .map(event)
            .into();
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        let portions = divide(events);
        let counts: Vec<usize> = portions.iter().map(Vec::len).collect();
        assert_eq!(counts, [2, 2, 1, 1, 1, 1]);
        assert_eq!(portions.iter().flatten().map(|event| event.id).collect::<Vec<_>>(), ids);
        assert!(divide(Vec::new()).is_empty());
    }
}
