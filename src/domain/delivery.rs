use uuid::Uuid;

use super::{DeliveryId, EndpointId, EventId, Id, text_enum::text_enum};

text_enum! {
/// How far an event has come on its way to an endpoint: `pending` until the endpoint has taken it (`done`) or every attempt has failed
/// (`dead`).
pub enum DeliveryState {
    /// Not taken yet: it is due, or will be tried again.
    Pending = "pending",
    /// The endpoint took it.
    Done = "done",
    /// Given up: every attempt failed.
    Dead = "dead",
}
}

/// The delivery of an event to an endpoint, as long as nobody asks for another: the event's id, with the endpoint's worked into its
/// random bits. Who makes it twice makes the same, so the database need not be asked whether there is one. It is a UUIDv7 of the
/// event's time.
pub fn delivery_id(event: EventId, endpoint: EndpointId) -> DeliveryId {
    /// The random bits behind the variant (RFC 9562 §5.7, rand_b).
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
