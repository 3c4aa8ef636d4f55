use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{
    COUNTS,
    want::{Want, distinct},
};
use crate::{
    db::{Result, Tx},
    domain::{ContactId, MessageId},
    store::{
        portfolios::{self, Key, Standing},
        sends,
    },
};

/// More than a portfolio with a limit has recipients.
const ALL: i64 = 10_000_000;

/// What a portfolio at its limit does with messages.
pub struct Split {
    pub later: Vec<(MessageId, DateTime<Utc>)>,
    /// Recipients that had ended and were removed.
    pub gone: i64,
}

/// Finds room for these, the first first, and tells the others when to come.
pub async fn split(tx: &mut Tx, standing: &Standing, wants: &[Want], now: DateTime<Utc>) -> Result<Split> {
    let key = standing.key();
    let gone = portfolios::remove(&mut *tx, &key, now - COUNTS, ALL).await?;
    let contacts: Vec<ContactId> = distinct(wants.iter()).iter().map(|it| it.contact).collect();
    let known = portfolios::known(&mut *tx, &key, &contacts).await?;
    let mut welcome: HashSet<ContactId> = known.into_iter().map(|(contact,)| contact).collect();
    let mut room = standing.most().unwrap_or(i64::MAX) - (standing.used - gone);
    let mut over = Vec::new();
    for want in wants {
        if welcome.contains(&want.contact) {
            continue;
        }
        if room > 0 {
            room -= 1;
            welcome.insert(want.contact);
        } else {
            over.push(want.message);
        }
    }
    let live = standing.used - gone;
    let times = promise(tx, &key, live, over.len() as i64, now).await?;
    let later = over.into_iter().zip(times).collect();
    Ok(Split { later, gone })
}

/// The times at which so many places become free for those who come behind all who wait already. Of `live` customers each ceases to
/// count in its time, and a day later whoever came in its place.
async fn promise(tx: &mut Tx, key: &Key, live: i64, count: i64, now: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>> {
    let mut times = Vec::new();
    if count == 0 {
        return Ok(times);
    }
    let waiting = sends::waiting_for_limit(&mut *tx, key.tenant, &key.portfolio).await?;
    let mut place = waiting;
    while place < waiting + count {
        let (round, from) = (
            place.checked_div(live).unwrap_or(0),
            place.checked_rem(live).unwrap_or(0),
        );
        let wanted = waiting + count - place;
        let leaving = portfolios::leaving(&mut *tx, key, from, wanted).await?;
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
