use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use uuid::Uuid;

use super::Parts;
use crate::{
    db::Result,
    domain::DeliveryId,
    webhooks::store::{
        deliveries::{self, CHAIN, Due, DueQuery},
        endpoints::Endpoint,
    },
};

/// Deliveries of one conversation, to be made one after the other; or one by itself.
pub type Chain = VecDeque<Due>;

/// Deliveries that a line has taken and that are not written yet, and their conversations where order is kept.
pub type Hand = HashMap<DeliveryId, Option<Uuid>>;

/// Rows read at a time where order is kept: many may be of one conversation.
const ORDERED: i64 = 256;
/// Conversations looked at together, at least.
const AT_LEAST: usize = 32;

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
    let wanted = DueQuery {
        endpoint: endpoint.id,
        most: if endpoint.ordered { most.max(ORDERED) } else { most },
    };
    let due = parts.reads.due(wanted).await?;
    if due.iter().any(|it| it.revision != endpoint.revision) {
        return Ok(Taken::Stale);
    }
    let mut busy: HashSet<Uuid> = hand.values().flatten().copied().collect();
    let is_full = i64::try_from(due.len()) == Ok(wanted.most);
    let fresh = due.into_iter().filter(|it| !hand.contains_key(&it.id));
    let (in_order, free): (Vec<Due>, Vec<Due>) = fresh.partition(|it| endpoint.ordered && it.order_key.is_some());
    let mut chains: Vec<Chain> = free.into_iter().map(|it| Chain::from([it])).collect();
    // Those due for longest first, each once, none that is in hand.
    let mut keys: Vec<Uuid> = in_order.iter().filter_map(|it| it.order_key).collect();
    keys.retain(|key| busy.insert(*key));
    if endpoint.ordered && is_full && chains.len() + keys.len() < room {
        // A few conversations have so much waiting that the others were not seen.
        keys.extend(
            others(parts, endpoint, room)
                .await?
                .into_iter()
                .filter(|key| busy.insert(*key)),
        );
    }
    // Some of them may turn out to wait for what failed before.
    keys.truncate(room.max(AT_LEAST));
    if !keys.is_empty() {
        chains.extend(in_turn(parts, endpoint, &keys, &in_order).await?);
    }
    chains.sort_by_key(|chain| chain.front().map(|first| first.due_at));
    Ok(Taken::Chains(chains))
}

/// Conversations in which something is due. Which of them are looked at first is for chance to say, so that all have their turn.
async fn others(parts: &Parts, endpoint: &Endpoint, room: usize) -> Result<Vec<Uuid>> {
    let (db, now) = (&parts.subscriptions.db, parts.subscriptions.clock.now());
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

/// What is to go first in each conversation, and behind it what may follow. Where what is first is to be tried later, the others that
/// were found due are put off until then; what comes after a whole chain and waits for later is brought on.
async fn in_turn(parts: &Parts, endpoint: &Endpoint, keys: &[Uuid], found: &[Due]) -> Result<Vec<Chain>> {
    let db = &parts.subscriptions.db;
    let mut chains: BTreeMap<Uuid, Chain> = BTreeMap::new();
    for due in deliveries::chains(db, endpoint.id, keys).await? {
        if let Some(key) = due.order_key {
            chains.entry(key).or_default().push_back(due);
        }
    }
    let now = parts.subscriptions.clock.now();
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
    let until = |it: &Due| Some((it.id, *blocked.get(&it.order_key?)?));
    let behind: Vec<_> = found.iter().filter_map(until).collect();
    if !behind.is_empty() {
        deliveries::put_off(db, endpoint.id, &behind).await?;
    }
    if !waiting.is_empty() {
        deliveries::bring_on(db, &waiting, now).await?;
    }
    Ok(chains.into_values().collect())
}
