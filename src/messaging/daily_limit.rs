//! The daily limit of a business portfolio: how many customers it may write to in any 24 hours outside service windows
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits>). It is kept in the database, so all
//! workers agree on it and no flush of Redis forgets it. Groups and customers with an open window do not count and cost nothing here.
//!
//! Meta does not say whether a customer counts from the first or from the last message of a day; from the last is safe either way.
//! Nor does it say with which error a message too many is refused, so none is sent: it waits until somebody ceases to count. The
//! first that waits is told the time of the first who does, and so on, so nobody polls. Whoever comes and finds room takes it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::ready::Ready;
use crate::{
    app::App,
    db::{Result, Tx},
    directory::Route,
    domain::{AttemptId, ContactId, MessageId, SendLane},
    queue::{Outcome, Outcomes},
    store::{
        portfolios::{self, Key, Recipient, Standing},
        sends::{self, Due},
    },
};

/// How long a customer counts: a day, and a minute for messages that were on their way and clocks that differ.
pub const COUNTS: TimeDelta = TimeDelta::seconds(24 * 3_600 + 60);
/// A window that closes sooner may be closed when the message arrives.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(30);
/// More than a portfolio with a limit has recipients.
const ALL: i64 = 10_000_000;

/// Whether Meta would count a customer for this message.
fn counts(due: &Due, now: DateTime<Utc>) -> bool {
    due.recipient_kind != "group" && due.window_expires_at.is_none_or(|end| end <= now + ON_ITS_WAY)
}

/// A message that would count.
#[derive(Clone, Debug)]
pub struct Want {
    pub key: Key,
    pub message: MessageId,
    pub contact: ContactId,
    pub lane: SendLane,
    pub attempt: AttemptId,
}

impl Want {
    /// `None` for a message that counts nobody.
    pub fn of(ready: &Ready, attempt: AttemptId, now: DateTime<Utc>) -> Option<Self> {
        counts(&ready.due, now).then(|| Self {
            key: key(&ready.route),
            message: ready.due.id,
            contact: ready.due.contact_id,
            lane: ready.due.send_lane(),
            attempt,
        })
    }
}

/// Whose limit counts.
pub fn key(route: &Route) -> Key {
    Key {
        tenant: route.tenant,
        portfolio: route.portfolio.clone(),
    }
}

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

/// Counts the customers of messages whose attempts begin in this transaction; returns those that must wait, and until when. The
/// portfolios are held until the commit.
pub async fn take(tx: &mut Tx, wants: Vec<Want>, now: DateTime<Utc>) -> Result<HashMap<MessageId, DateTime<Utc>>> {
    let groups = grouped(wants);
    if groups.is_empty() {
        return Ok(HashMap::new());
    }
    let asked: Vec<(Key, i64)> = groups
        .iter()
        .map(|(key, wants)| (key.clone(), customers(wants)))
        .collect();
    let mut corrections: BTreeMap<Key, i64> = asked.iter().map(|(key, count)| (key.clone(), -count)).collect();
    let mut later = HashMap::new();
    let mut recipients = Vec::new();
    for mut standing in portfolios::add(&mut *tx, &asked).await? {
        let key = standing.key();
        let (wants, change) = (&groups[&key], corrections.entry(key.clone()).or_default());
        if standing.most().is_some_and(|most| standing.used > most) {
            standing.used += *change;
            let split = split(tx, &standing, wants, now).await?;
            *change -= split.gone;
            later.extend(split.later);
        }
        recipients.extend(distinct(wants.iter().filter(|want| !later.contains_key(&want.message))));
    }
    let given: HashMap<(Key, ContactId), i64> = recipients
        .iter()
        .map(|it| ((it.key.clone(), it.contact), it.sends))
        .collect();
    for counted in portfolios::count(&mut *tx, &recipients, now).await? {
        let key = Key {
            tenant: counted.tenant_id,
            portfolio: counted.portfolio,
        };
        let is_new = given.get(&(key.clone(), counted.contact_id)) == Some(&counted.sends);
        *corrections.entry(key).or_default() += i64::from(is_new);
    }
    let corrections: Vec<(Key, i64)> = corrections.into_iter().filter(|(_, change)| *change != 0).collect();
    portfolios::add(&mut *tx, &corrections).await?;
    wait(tx, &later).await?;
    Ok(later)
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
    let changes: Vec<(Key, i64)> = changes.into_iter().filter(|(_, change)| *change != 0).collect();
    portfolios::add(&mut *tx, &changes).await.map(drop)
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

/// By portfolio; within one the most urgent first, then the oldest.
fn grouped(wants: Vec<Want>) -> BTreeMap<Key, Vec<Want>> {
    let mut groups: BTreeMap<Key, Vec<Want>> = BTreeMap::new();
    for want in wants {
        groups.entry(want.key.clone()).or_default().push(want);
    }
    for wants in groups.values_mut() {
        wants.sort_by_key(|want| (want.lane, want.message));
    }
    groups
}

fn customers(wants: &[Want]) -> i64 {
    let contacts: HashSet<ContactId> = wants.iter().map(|want| want.contact).collect();
    contacts.len() as i64
}

/// Each customer once.
fn distinct<'w>(wants: impl Iterator<Item = &'w Want>) -> Vec<Recipient> {
    let mut recipients: BTreeMap<ContactId, Recipient> = BTreeMap::new();
    for want in wants {
        let recipient = recipients.entry(want.contact).or_insert_with(|| Recipient {
            key: want.key.clone(),
            contact: want.contact,
            attempt: want.attempt,
            sends: 0,
        });
        recipient.sends += 1;
    }
    recipients.into_values().collect()
}

/// What a portfolio at its limit does with messages.
struct Split {
    later: Vec<(MessageId, DateTime<Utc>)>,
    /// Recipients that had ended and were removed.
    gone: i64,
}

async fn split(tx: &mut Tx, standing: &Standing, wants: &[Want], now: DateTime<Utc>) -> Result<Split> {
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
