use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{
    COUNTS,
    want::{Want, distinct},
};
use crate::{
    db::{Result, Tx},
    domain::{ContactId, MessageId, TenantId},
    messaging::store::sends,
    records::portfolios::{self, PortfolioKey, PortfolioUsage},
};

/// More than a portfolio with a limit has recipients.
const ALL: i64 = 10_000_000;

/// What a portfolio at its limit does with messages.
pub struct Split {
    pub later: Vec<(MessageId, DateTime<Utc>)>,
    /// Recipients that had ended and were removed, by whose they were.
    pub gone: BTreeMap<PortfolioKey, i64>,
}

/// Finds room for these, the first first, and tells the others when to come. The portfolio is held, and stands so for the tenants whose
/// messages they are.
pub async fn split(tx: &mut Tx, standings: &[PortfolioUsage], wants: &[Want], now: DateTime<Utc>) -> Result<Split> {
    let mut split = Split {
        later: Vec::new(),
        gone: BTreeMap::new(),
    };
    let Some(PortfolioUsage { portfolio, used, .. }) = standings.first() else {
        return Ok(split);
    };
    split.gone = portfolios::remove_expired(&mut *tx, portfolio, now - COUNTS, ALL).await?;
    let live = used - split.gone.values().sum::<i64>();
    let customers: Vec<_> = distinct(wants.iter())
        .iter()
        .map(|it| (it.key.tenant, it.contact))
        .collect();
    let known = portfolios::counted(&mut *tx, portfolio, &customers).await?;
    let mut welcome: HashSet<ContactId> = known.into_iter().map(|(contact,)| contact).collect();
    let most: HashMap<TenantId, i64> = standings
        .iter()
        .filter_map(|it| Some((it.tenant_id, it.most()?)))
        .collect();
    let mut counted = live;
    let mut over = Vec::new();
    for want in wants {
        if welcome.contains(&want.contact) {
            continue;
        }
        if most.get(&want.key.tenant).is_none_or(|most| counted < *most) {
            counted += 1;
            welcome.insert(want.contact);
        } else {
            over.push(want.message);
        }
    }
    let times = promise(tx, portfolio, live, over.len() as i64, now).await?;
    split.later = over.into_iter().zip(times).collect();
    Ok(split)
}

/// The times at which so many places become free for those who come behind all who wait already. Of `live` customers each ceases to
/// count in its time, and a day later whoever came in its place.
async fn promise(
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
    let waiting = sends::waiting_for_limit(&mut *tx, None, portfolio).await?;
    let mut place = waiting;
    while place < waiting + count {
        let (round, from) = (
            place.checked_div(live).unwrap_or(0),
            place.checked_rem(live).unwrap_or(0),
        );
        let wanted = waiting + count - place;
        let leaving = portfolios::last_sends(&mut *tx, portfolio, from, wanted).await?;
        if leaving.is_empty() {
            // Nobody counts: the limit lets nobody through, until Meta says another.
            times.resize(count as usize, now + COUNTS);
            break;
        }
        place += leaving.len() as i64;
        let rounds = COUNTS * i32::try_from(round).unwrap_or(i32::MAX);
        times.extend(leaving.iter().map(|(at,)| *at + COUNTS + rounds));
    }
    Ok(times)
}
