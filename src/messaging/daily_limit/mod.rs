//! The daily limit of a business portfolio: how many customers it may write to in any 24 hours outside service windows
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits>). It is kept in the database, so all
//! workers agree on it and no flush of Redis forgets it. Groups and customers with an open window do not count and cost nothing here.
//!
//! Meta does not say whether a customer counts from the first or from the last message of a day; from the last is safe either way.
//! Nor does it say with which error a message too many is refused, so none is sent: it waits until somebody ceases to count. The
//! first that waits is told the time of the first who does, and so on, so nobody polls. Whoever comes and finds room takes it.

mod full;
mod outside;
mod want;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

pub use outside::{CustomersToday, forget_recipients, measure_held, today};
pub use want::{Want, key};

use self::{
    full::split,
    want::{customers, distinct, grouped},
};
use super::ready::Ready;
use crate::{
    app::App,
    db::{Result, Tx},
    domain::{AttemptId, ContactId, MessageId},
    queue::{Outcome, Outcomes},
    store::{
        portfolios::{self, Key, Recipient, Standing},
        sends::{self, Due},
    },
};

/// How long a customer counts: a day, and a minute for messages that were on their way and clocks that differ.
pub const COUNTS: TimeDelta = TimeDelta::seconds(24 * 3_600 + 60);

/// Puts off those for whom their portfolio has no room, before they ask the governor for slots they could not use.
pub async fn turn_away(app: &App, sendable: Vec<Ready>, outcomes: &mut Outcomes<MessageId>) -> Result<Vec<Ready>> {
    let now = app.clock.now();
    // No attempt is written down here: any id stands for it.
    let want = |it: &Ready| Want::of(it, app.clock.new_id(), now);
    let groups = grouped(sendable.iter().filter_map(want).collect());
    if groups.is_empty() {
        return Ok(sendable);
    }
    let keys: Vec<Key> = groups.keys().cloned().collect();
    let mut full = Vec::new();
    for standing in portfolios::standing(&app.db, &keys).await? {
        let key = standing.key();
        if standing
            .most()
            .is_some_and(|most| standing.used + customers(&groups[&key]) > most)
        {
            full.push((key, 0));
        }
    }
    if full.is_empty() {
        return Ok(sendable);
    }
    full.sort();
    let mut tx = app.db.begin().await?;
    let mut later = HashMap::new();
    let mut gone = Vec::new();
    for standing in portfolios::add(&mut tx, &full).await? {
        let key = standing.key();
        let split = split(&mut tx, &standing, &groups[&key], now).await?;
        gone.push((key, -split.gone));
        later.extend(split.later);
    }
    gone.sort();
    portfolios::add(&mut tx, &gone).await?;
    wait(&mut tx, &later).await?;
    tx.commit().await?;
    put_off(sendable.iter().map(|it| &it.due), &later, outcomes);
    Ok(sendable
        .into_iter()
        .filter(|it| !later.contains_key(&it.due.id))
        .collect())
}

/// What was counted in a transaction.
#[derive(Default)]
pub struct Taken {
    /// Messages that must wait, and until when.
    pub later: HashMap<MessageId, DateTime<Utc>>,
    /// Customers who did not count before, of portfolios without a limit.
    free: BTreeMap<Key, i64>,
}

/// Counts the customers of messages whose attempts begin in this transaction. Portfolios with a limit are held until the commit;
/// of the others everybody would only wait for everybody, so their sums change at the end ([`Taken::settle`]).
pub async fn take(tx: &mut Tx, wants: Vec<Want>, now: DateTime<Utc>) -> Result<Taken> {
    let mut taken = Taken::default();
    let groups = grouped(wants);
    if groups.is_empty() {
        return Ok(taken);
    }
    let keys: Vec<Key> = groups.keys().cloned().collect();
    let standings = portfolios::standing(&mut *tx, &keys).await?;
    let limited: Vec<Key> = standings
        .iter()
        .filter(|it| it.most().is_some())
        .map(Standing::key)
        .collect();
    let asked: BTreeMap<Key, i64> = limited
        .into_iter()
        .map(|key| (key.clone(), customers(&groups[&key])))
        .collect();
    let mut corrections: BTreeMap<Key, i64> = asked.iter().map(|(key, count)| (key.clone(), -count)).collect();
    for mut standing in portfolios::add(&mut *tx, &asked.clone().into_iter().collect::<Vec<_>>()).await? {
        let key = standing.key();
        let change = corrections.entry(key.clone()).or_default();
        if standing.most().is_some_and(|most| standing.used > most) {
            standing.used += *change;
            let split = split(tx, &standing, &groups[&key], now).await?;
            *change -= split.gone;
            taken.later.extend(split.later);
        }
    }
    let goes = |want: &&Want| !taken.later.contains_key(&want.message);
    let recipients: Vec<Recipient> = groups
        .values()
        .flat_map(|wants| distinct(wants.iter().filter(goes)))
        .collect();
    let given: HashMap<(&Key, ContactId), i64> =
        recipients.iter().map(|it| ((&it.key, it.contact), it.sends)).collect();
    for counted in portfolios::count(&mut *tx, &recipients, now).await? {
        let (tenant, portfolio) = (counted.tenant_id, counted.portfolio);
        let key = Key { tenant, portfolio };
        let is_new = given.get(&(&key, counted.contact_id)) == Some(&counted.sends);
        let sums = if asked.contains_key(&key) {
            &mut corrections
        } else {
            &mut taken.free
        };
        *sums.entry(key).or_default() += i64::from(is_new);
    }
    change(tx, corrections).await?;
    wait(tx, &taken.later).await?;
    Ok(taken)
}

impl Taken {
    /// The last thing before the commit.
    pub async fn settle(self, tx: &mut Tx) -> Result<()> {
        change(tx, self.free).await
    }
}

async fn change(tx: &mut Tx, changes: BTreeMap<Key, i64>) -> Result<()> {
    let changes: Vec<(Key, i64)> = changes.into_iter().filter(|(_, change)| *change != 0).collect();
    portfolios::add(tx, &changes).await.map(drop)
}

/// Lets customers go whose only message was refused.
pub async fn give_back(tx: &mut Tx, refused: &[(Key, ContactId, AttemptId)]) -> Result<()> {
    let mut changes: BTreeMap<Key, i64> = refused.iter().map(|(key, ..)| (key.clone(), 0)).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let held: Vec<(Key, i64)> = changes.clone().into_iter().collect();
    portfolios::add(&mut *tx, &held).await?;
    for (tenant, portfolio) in portfolios::give_back(&mut *tx, refused).await? {
        *changes.entry(Key { tenant, portfolio }).or_default() -= 1;
    }
    change(tx, changes).await
}

/// Says of messages that they wait, and when to come again: not later than they expire.
pub fn put_off<'d>(
    all: impl Iterator<Item = &'d Due>,
    later: &HashMap<MessageId, DateTime<Utc>>,
    outcomes: &mut Outcomes<MessageId>,
) {
    for due in all {
        if let Some(at) = later.get(&due.id) {
            let until = due.expires_at.map_or(*at, |end| end.min(*at));
            outcomes.set(due.id, Outcome::Snooze { until });
        }
    }
}

async fn wait(tx: &mut Tx, later: &HashMap<MessageId, DateTime<Utc>>) -> Result<()> {
    let mut held: Vec<(MessageId, &'static str)> = later.keys().map(|message| (*message, "daily_limit")).collect();
    held.sort();
    metrics::counter!("mainstay_daily_limit_waits_total").increment(held.len() as u64);
    sends::hold(&mut *tx, &held).await.map(drop)
}
