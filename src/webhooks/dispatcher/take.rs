//! Takes due deliveries of an endpoint, in order within a conversation if the endpoint is ordered.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use uuid::Uuid;

use super::DispatcherInner;
use crate::{
    db::Result,
    domain::DeliveryId,
    webhooks::store::{
        deliveries::{self, CHAIN, DueDelivery, DueQuery},
        endpoints::Endpoint,
    },
};

/// Deliveries of one conversation that are made in sequence, or a single unordered delivery.
pub(crate) type Chain = VecDeque<DueDelivery>;

/// Deliveries that a worker has taken and whose results are not stored yet, with their conversations if order is kept.
pub(crate) type DeliveriesInHand = HashMap<DeliveryId, Option<Uuid>>;

/// Rows read at a time for an ordered endpoint, since many may belong to one conversation.
const ORDERED_BATCH: i64 = 256;
/// Minimum number of conversations examined together.
const MIN_CONVERSATIONS: usize = 32;

/// The outcome of taking deliveries.
pub(crate) enum TakenDeliveries {
    Chains(Vec<Chain>),
    /// A person has changed the endpoint: the worker's state is invalid.
    Stale,
}

/// Takes about `room` due deliveries after a pause, without those in hand when this was called. A delivery whose result is stored during the
/// read may still appear to be due.
pub(crate) async fn take_due(
    dispatcher: &DispatcherInner,
    endpoint: &Endpoint,
    in_hand: DeliveriesInHand,
    room: usize,
    pause: Duration,
) -> Result<TakenDeliveries> {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let most = i64::try_from(in_hand.len() + room).unwrap_or(i64::MAX);
    let wanted = DueQuery {
        endpoint: endpoint.id,
        most: if endpoint.ordered {
            most.max(ORDERED_BATCH)
        } else {
            most
        },
    };
    let due = dispatcher.due_reader.due(wanted).await?;
    if due.iter().any(|it| it.revision != endpoint.revision) {
        return Ok(TakenDeliveries::Stale);
    }
    let mut busy: HashSet<Uuid> = in_hand.values().flatten().copied().collect();
    let is_full = i64::try_from(due.len()) == Ok(wanted.most);
    let fresh = due.into_iter().filter(|it| !in_hand.contains_key(&it.id));
    let (in_order, free): (Vec<DueDelivery>, Vec<DueDelivery>) =
        fresh.partition(|it| endpoint.ordered && it.order_key.is_some());
    let mut chains: Vec<Chain> = free.into_iter().map(|it| Chain::from([it])).collect();
    // The longest due first, each conversation once, none that is in hand.
    let mut keys: Vec<Uuid> = in_order.iter().filter_map(|it| it.order_key).collect();
    keys.retain(|key| busy.insert(*key));
    if endpoint.ordered && is_full && chains.len() + keys.len() < room {
        // A few conversations have so many deliveries waiting that others were not read.
        keys.extend(
            other_conversations(dispatcher, endpoint, room)
                .await?
                .into_iter()
                .filter(|key| busy.insert(*key)),
        );
    }
    // Some may turn out to wait for a failed delivery.
    keys.truncate(room.max(MIN_CONVERSATIONS));
    if !keys.is_empty() {
        chains.extend(ordered_chains(dispatcher, endpoint, &keys, &in_order).await?);
    }
    chains.sort_by_key(|chain| chain.front().map(|first| first.due_at));
    Ok(TakenDeliveries::Chains(chains))
}

/// Returns conversations with due deliveries, from a random starting point, so that all get their turn.
async fn other_conversations(dispatcher: &DispatcherInner, endpoint: &Endpoint, room: usize) -> Result<Vec<Uuid>> {
    let (db, now) = (&dispatcher.webhooks.db, dispatcher.webhooks.clock.now());
    let Some((first, last)) = deliveries::ends_of_conversations(db, endpoint.id).await? else {
        return Ok(Vec::new());
    };
    let span = last.as_u128().saturating_sub(first.as_u128()).saturating_add(1);
    let from = Uuid::from_u128(first.as_u128().saturating_add(rand::random::<u128>() % span));
    let mut found = deliveries::due_conversations(db, endpoint.id, from, now).await?;
    if found.len() < room {
        found.extend(deliveries::due_conversations(db, endpoint.id, Uuid::nil(), now).await?);
    }
    Ok(found)
}

/// Returns the chains of these conversations, each in order:
///
/// - If the first delivery of a conversation is due later, those found due behind it are deferred until then.
/// - If a delivery behind a full chain is due later, the conversation is made due again.
async fn ordered_chains(
    dispatcher: &DispatcherInner,
    endpoint: &Endpoint,
    keys: &[Uuid],
    found: &[DueDelivery],
) -> Result<Vec<Chain>> {
    let db = &dispatcher.webhooks.db;
    let mut chains: BTreeMap<Uuid, Chain> = BTreeMap::new();
    for due in deliveries::chains(db, endpoint.id, keys).await? {
        if let Some(key) = due.order_key {
            chains.entry(key).or_default().push_back(due);
        }
    }
    let now = dispatcher.webhooks.clock.now();
    let (mut blocked, mut waiting) = (HashMap::new(), Vec::new());
    chains.retain(|key, chain| {
        let first = chain.front().map_or(now, |first| first.due_at);
        if first > now {
            blocked.insert(*key, first);
        } else if chain.get(CHAIN).is_some_and(|beyond| beyond.due_at > now) {
            waiting.push((endpoint.id, *key));
        }
        chain.truncate(CHAIN);
        first <= now
    });
    let until = |it: &DueDelivery| Some((it.id, *blocked.get(&it.order_key?)?));
    let behind: Vec<_> = found.iter().filter_map(until).collect();
    if !behind.is_empty() {
        deliveries::defer(db, endpoint.id, &behind).await?;
    }
    if !waiting.is_empty() {
        deliveries::release_conversations(db.writer(), &waiting, now).await?;
    }
    Ok(chains.into_values().collect())
}
