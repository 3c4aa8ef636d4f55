use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use uuid::Uuid;

use super::Parts;
use crate::{
    db::Result,
    domain::{DeliveryId, Id},
    store::{
        deliveries::{self, Due, Pace, Wanted},
        endpoints::Endpoint,
    },
};

/// Deliveries of one conversation, to be made one after the other; or one by itself.
pub type Chain = VecDeque<Due>;

/// Deliveries that a line has taken and that are not written yet, and their conversations where order is kept.
pub type Hand = HashMap<DeliveryId, Option<Uuid>>;

/// Rows read at a time where order is kept: many may be of one conversation.
const ORDERED: i64 = 256;

/// What was found.
pub enum Taken {
    Chains(Vec<Chain>),
    /// A person has changed the endpoint: what is known of it holds no longer.
    Stale,
}

/// After a pause, takes what is due at an endpoint, about so many, without what was in hand when this was asked. Whatever of that is
/// written while this reads may still look as if it were due.
pub async fn take(parts: &Parts, endpoint: &Endpoint, hand: Hand, room: usize, pause: Duration) -> Result<Taken> {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let most = i64::try_from(hand.len() + room).unwrap_or(i64::MAX);
    let wanted = Wanted {
        endpoint: endpoint.id,
        most: if endpoint.ordered { most.max(ORDERED) } else { most },
    };
    let mut due = parts.reads.due(wanted).await?;
    if due.iter().any(|it| it.revision != endpoint.revision) {
        return Ok(Taken::Stale);
    }
    let mut busy: HashSet<Uuid> = hand.values().flatten().copied().collect();
    if endpoint.ordered && i64::try_from(due.len()) == Ok(wanted.most) {
        let fresh = |it: &&Due| !hand.contains_key(&it.id) && it.order_key.is_none_or(|key| !busy.contains(&key));
        let distinct: HashSet<Uuid> = due
            .iter()
            .filter(fresh)
            .map(|it| it.order_key.unwrap_or(it.id.uuid()))
            .collect();
        if distinct.len() < room {
            // A few conversations have so much waiting that the others were not seen.
            let seen = due.iter().filter_map(|it| it.order_key).chain(busy.iter().copied());
            let (db, now) = (&parts.subscriptions.db, parts.subscriptions.clock.now());
            let known: HashSet<DeliveryId> = due.iter().map(|it| it.id).collect();
            let beside = deliveries::due_beside(db, wanted, seen.collect::<HashSet<_>>(), now).await?;
            due.extend(beside.into_iter().filter(|it| !known.contains(&it.id)));
        }
    }
    let fresh = due.into_iter().filter(|it| !hand.contains_key(&it.id));
    let (in_order, free): (Vec<Due>, Vec<Due>) = fresh.partition(|it| endpoint.ordered && it.order_key.is_some());
    let mut chains: Vec<Chain> = free.into_iter().map(|it| Chain::from([it])).collect();
    // Those due for longest first, each once, none that is in hand.
    let mut keys: Vec<Uuid> = in_order.iter().filter_map(|it| it.order_key).collect();
    keys.retain(|key| busy.insert(*key));
    keys.truncate(room);
    if !keys.is_empty() {
        chains.extend(in_turn(parts, endpoint, &keys).await?);
    }
    chains.sort_by_key(|chain| chain.front().map(|first| first.due_at));
    Ok(Taken::Chains(chains))
}

/// What is to go first in each conversation, and behind it what may follow. Where what is first is to be tried later, the others are put
/// off until then.
async fn in_turn(parts: &Parts, endpoint: &Endpoint, keys: &[Uuid]) -> Result<Vec<Chain>> {
    let db = &parts.subscriptions.db;
    let mut chains: BTreeMap<Uuid, Chain> = BTreeMap::new();
    for due in deliveries::chains(db, endpoint.id, keys).await? {
        if let Some(key) = due.order_key {
            chains.entry(key).or_default().push_back(due);
        }
    }
    let now = parts.subscriptions.clock.now();
    let mut blocked = Vec::new();
    chains.retain(|key, chain| {
        let first = chain.front().map_or(now, |first| first.due_at);
        if first > now {
            blocked.push(Pace {
                endpoint: endpoint.id,
                key: *key,
                due_at: first,
            });
        }
        first <= now
    });
    if !blocked.is_empty() {
        deliveries::set_pace(db, &blocked).await?;
    }
    Ok(chains.into_values().collect())
}
