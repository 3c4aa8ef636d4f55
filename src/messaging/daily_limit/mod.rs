//! The daily limit of a business portfolio: how many customers it may write to in any 24 hours outside service windows
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits>). It is kept in the database, so all
//! workers agree on it and no flush of Redis forgets it. Groups and customers with an open window do not count and cost nothing here.
//! A portfolio may have accounts of several tenants, as an agency's has of its clients: they share its limit. Somebody whom two of them
//! write to is two customers here, which is safe.
//!
//! Meta does not say whether a customer counts from the first or from the last message of a day; from the last is safe either way.
//! Nor does it say with which error a message too many is refused, so none is sent: it waits until somebody ceases to count. The
//! first that waits is told the time of the first who does, and so on, so nobody polls; where there is room before, it is called. Whoever
//! comes and finds room takes it.

mod call;
mod full;
mod reading;
mod want;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

pub use call::{call_overlooked, release_limits};
pub use reading::{CustomersToday, forget_recipients, measure_held, today};
pub use want::{Want, key};

use self::{
    full::split,
    want::{customers, distinct, grouped, keys},
};
use super::ready::Ready;
use crate::{
    db::{Result, Tx},
    domain::{AttemptId, ContactId, HoldReason, MessageId},
    messaging::{
        MessagingService,
        store::sends::{self, Due},
    },
    queue::{Outcome, Outcomes},
    records::portfolios::{self, PortfolioKey, PortfolioUsage, Recipient},
};

/// How long a customer counts: a day, and a minute for messages that were on their way and clocks that differ.
pub const COUNTS: TimeDelta = TimeDelta::seconds(24 * 3_600 + 60);

/// Puts off those for whom their portfolio has no room, before they ask the governor for slots they could not use.
pub async fn turn_away(
    service: &MessagingService,
    sendable: Vec<Ready>,
    outcomes: &mut Outcomes<MessageId>,
) -> Result<Vec<Ready>> {
    let now = service.clock.now();
    // No attempt is written down here: any id stands for it.
    let want = |it: &Ready| Want::of(it, service.clock.new_id(), now);
    let groups = grouped(sendable.iter().filter_map(want).collect());
    if groups.is_empty() {
        return Ok(sendable);
    }
    let full = full(portfolios::usage(&service.db, &keys(&groups)).await?, &groups);
    if full.is_empty() {
        return Ok(sendable);
    }
    let mut tx = service.db.begin().await?;
    portfolios::lock(&mut tx, full.keys().map(String::as_str)).await?;
    let mut later = HashMap::new();
    let mut gone = BTreeMap::new();
    for (portfolio, standings) in stand(&mut tx, &full).await? {
        let split = split(&mut tx, &standings, &groups[&portfolio], now).await?;
        gone.extend(split.gone.into_iter().map(|(key, count)| (key, -count)));
        later.extend(split.later);
    }
    change(&mut tx, gone).await?;
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
    free: BTreeMap<PortfolioKey, i64>,
}

/// Counts the customers of messages whose attempts begin in this transaction. Portfolios with a limit are held until the commit;
/// of the others everybody would only wait for everybody, so their sums change at the end ([`Taken::settle`]).
pub async fn take(tx: &mut Tx, wants: Vec<Want>, now: DateTime<Utc>) -> Result<Taken> {
    let mut taken = Taken::default();
    let groups = grouped(wants);
    if groups.is_empty() {
        return Ok(taken);
    }
    let limited = by_portfolio(portfolios::usage(&mut *tx, &keys(&groups)).await?, |all| {
        all.iter().any(|it| it.most().is_some())
    });
    portfolios::lock(tx, limited.keys().map(String::as_str)).await?;
    let mut corrections: BTreeMap<PortfolioKey, i64> = BTreeMap::new();
    for (portfolio, standings) in full(stand(tx, &limited).await?.into_values().flatten().collect(), &groups) {
        let split = split(tx, &standings, &groups[&portfolio], now).await?;
        corrections.extend(split.gone.into_iter().map(|(key, count)| (key, -count)));
        taken.later.extend(split.later);
    }
    let goes = |want: &&Want| !taken.later.contains_key(&want.message);
    let recipients: Vec<Recipient> = groups
        .values()
        .flat_map(|wants| distinct(wants.iter().filter(goes)))
        .collect();
    let given: HashMap<(&PortfolioKey, ContactId), i64> =
        recipients.iter().map(|it| ((&it.key, it.contact), it.sends)).collect();
    for counted in portfolios::count(&mut *tx, &recipients, now).await? {
        let (tenant, portfolio) = (counted.tenant_id, counted.portfolio);
        let key = PortfolioKey { portfolio, tenant };
        let is_new = given.get(&(&key, counted.contact_id)) == Some(&counted.sends);
        let sums = if limited.contains_key(&key.portfolio) {
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

async fn change(tx: &mut Tx, mut changes: BTreeMap<PortfolioKey, i64>) -> Result<()> {
    changes.retain(|_, change| *change != 0);
    portfolios::add(tx, &changes).await
}

/// What is known of portfolios, those of them that are meant.
fn by_portfolio(
    standings: Vec<PortfolioUsage>,
    meant: impl Fn(&[PortfolioUsage]) -> bool,
) -> BTreeMap<String, Vec<PortfolioUsage>> {
    let mut all: BTreeMap<String, Vec<PortfolioUsage>> = BTreeMap::new();
    for standing in standings {
        all.entry(standing.portfolio.clone()).or_default().push(standing);
    }
    all.retain(|_, standings| meant(standings));
    all
}

/// Portfolios that may have no room for all of these.
fn full(standings: Vec<PortfolioUsage>, groups: &BTreeMap<String, Vec<Want>>) -> BTreeMap<String, Vec<PortfolioUsage>> {
    by_portfolio(standings, |all| {
        let over = |it: &PortfolioUsage| Some(it.used + customers(&groups[&it.portfolio]) > it.most()?);
        all.iter().any(|it| over(it) == Some(true))
    })
}

/// How portfolios stand now that they are held.
async fn stand(
    tx: &mut Tx,
    held: &BTreeMap<String, Vec<PortfolioUsage>>,
) -> Result<BTreeMap<String, Vec<PortfolioUsage>>> {
    let keys: Vec<PortfolioKey> = held.values().flatten().map(PortfolioUsage::key).collect();
    Ok(by_portfolio(portfolios::usage(tx, &keys).await?, |_| true))
}

/// Lets customers go whose only message was refused.
pub async fn give_back(tx: &mut Tx, refused: &[(PortfolioKey, ContactId, AttemptId)]) -> Result<()> {
    let mut changes: BTreeMap<PortfolioKey, i64> = refused.iter().map(|(key, ..)| (key.clone(), 0)).collect();
    if changes.is_empty() {
        return Ok(());
    }
    portfolios::add(&mut *tx, &changes).await?;
    for (tenant, portfolio) in portfolios::remove_refused(&mut *tx, refused).await? {
        *changes.entry(PortfolioKey { portfolio, tenant }).or_default() -= 1;
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
    let mut held: Vec<(MessageId, HoldReason)> =
        later.keys().map(|message| (*message, HoldReason::DailyLimit)).collect();
    held.sort();
    metrics::counter!("mainstay_daily_limit_waits_total").increment(held.len() as u64);
    sends::hold(&mut *tx, &held).await.map(drop)
}
