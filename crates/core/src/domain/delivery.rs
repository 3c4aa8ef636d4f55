use uuid::Uuid;

use super::{DeliveryId, EndpointId, EventId, Id, text_enum::text_enum};

text_enum! {
/// State of a delivery of an event to an endpoint.
pub enum DeliveryState {
    /// Not accepted yet: due, or to be retried.
    Pending = "pending",
    /// The endpoint accepted it.
    Done = "done",
    /// Every attempt failed.
    Dead = "dead",
}
}

/// Returns the id of the delivery of an event to an endpoint: the event's id, with the endpoint's id mixed into its random bits by XOR. It
/// is deterministic, so repeated creation needs no lookup, and a UUIDv7 of the event's time. Redeliveries have ids of their own.
pub fn delivery_id(event: EventId, endpoint: EndpointId) -> DeliveryId {
    /// The random bits after the variant (RFC 9562 §5.7, rand_b).
    const RANDOM: u128 = (1 << 62) - 1;
    let mixed = event.uuid().as_u128() ^ (endpoint.uuid().as_u128() & RANDOM);
    DeliveryId::from_uuid(Uuid::from_u128(mixed))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn new<I: Id>(n: u64) -> I {
        I::from_uuid(uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000 + n, &rand::random()).into_uuid())
    }

    #[test]
    fn a_delivery_has_one_id_and_no_other_delivery_has_it() {
        let events: Vec<EventId> = (0..50).map(new).collect();
        let endpoints: Vec<EndpointId> = (0..50).map(new).collect();
        let mut seen = HashSet::new();
        for (event, endpoint) in events
            .iter()
            .flat_map(|event| endpoints.iter().map(move |it| (event, it)))
        {
            let id = delivery_id(*event, *endpoint);
            assert_eq!(id, delivery_id(*event, *endpoint));
            assert_eq!(
                (id.uuid().get_version_num(), id.uuid().get_variant()),
                (7, uuid::Variant::RFC4122)
            );
            assert_eq!(
                id.uuid().as_u128() >> 80,
                event.uuid().as_u128() >> 80,
                "the time is the event's"
            );
            assert!(seen.insert(id));
        }
    }
}
