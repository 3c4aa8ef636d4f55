//! Allocates the room of a portfolio at its daily limit to messages.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{
    COUNTING_PERIOD,
    candidates::{LimitCandidate, distinct_recipients},
};
use crate::{
    db::{Result, Tx},
    domain::{ContactId, MessageId, TenantId},
    messaging::store::sends,
    records::portfolios::{self, PortfolioKey, PortfolioUsage},
};

/// Upper bound of the recipients of a portfolio with a limit.
const ALL_RECIPIENTS: i64 = 10_000_000;

/// Result of an allocation.
pub(crate) struct Allocation {
    /// Messages without room, and when they are due.
    pub later: Vec<(MessageId, DateTime<Utc>)>,
    /// Number of expired recipients that were removed, by portfolio and tenant.
    pub gone: BTreeMap<PortfolioKey, i64>,
}

/// Allocates the remaining room to the candidates in order, and computes when the others are due. The portfolio is locked; `standings`
/// are its counts and limits for the candidates' tenants.
pub(crate) async fn allocate(
    tx: &mut Tx,
    standings: &[PortfolioUsage],
    candidates: &[LimitCandidate],
    now: DateTime<Utc>,
) -> Result<Allocation> {
    let mut allocation = Allocation {
        later: Vec::new(),
        gone: BTreeMap::new(),
    };
    let Some(PortfolioUsage { portfolio, used, .. }) = standings.first() else {
        return Ok(allocation);
    };
    allocation.gone = portfolios::remove_expired(tx.on(), portfolio, now - COUNTING_PERIOD, ALL_RECIPIENTS).await?;
    let live = used - allocation.gone.values().sum::<i64>();
    let customers: Vec<_> = distinct_recipients(candidates.iter())
        .iter()
        .map(|it| (it.key.tenant, it.contact))
        .collect();
    let known = portfolios::counted(tx.on(), portfolio, &customers).await?;
    let mut admitted: HashSet<ContactId> = known.into_iter().map(|(contact,)| contact).collect();
    let most: HashMap<TenantId, i64> = standings
        .iter()
        .filter_map(|it| Some((it.tenant_id, it.most()?)))
        .collect();
    let mut counted = live;
    let mut rejected = Vec::new();
    for candidate in candidates {
        if admitted.contains(&candidate.contact) {
            continue;
        }
        if most.get(&candidate.key.tenant).is_none_or(|most| counted < *most) {
            counted += 1;
            admitted.insert(candidate.contact);
        } else {
            rejected.push(candidate.message);
        }
    }
    let times = release_times(tx, portfolio, live, rejected.len() as i64, now).await?;
    allocation.later = rejected.into_iter().zip(times).collect();
    Ok(allocation)
}

/// Returns the times at which the next `count` recipients cease to count, after those that held messages already wait for. Each of the
/// `live` recipients ceases to count at its time, and its successor a day later.
async fn release_times(
    tx: &mut Tx,
    portfolio: &str,
    live: i64,
    count: i64,
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>> {
    let mut times = Vec::new();
    if count == 0 {
        return Ok(times);
    }
    let waiting = sends::count_waiting_for_limit(tx.on(), None, portfolio).await?;
    let mut position = waiting;
    while position < waiting + count {
        let (round, from) = (
            position.checked_div(live).unwrap_or(0),
            position.checked_rem(live).unwrap_or(0),
        );
        let wanted = waiting + count - position;
        let leaving = portfolios::last_sends(tx.on(), portfolio, from, wanted).await?;
        if leaving.is_empty() {
            // Nobody counts: the limit is zero until Meta sets another.
            times.resize(count as usize, now + COUNTING_PERIOD);
            break;
        }
        position += leaving.len() as i64;
        let rounds = COUNTING_PERIOD * i32::try_from(round).unwrap_or(i32::MAX);
        times.extend(leaving.iter().map(|(at,)| *at + COUNTING_PERIOD + rounds));
    }
    Ok(times)
}
