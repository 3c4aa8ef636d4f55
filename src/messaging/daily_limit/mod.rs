//! Enforces the daily limit of a business portfolio: how many customers it may write to in any 24 hours outside service windows
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits>).
//!
//! - The counts are kept in the database, so that all workers agree on them and a flush of Redis loses none.
//! - Messages to groups and into open service windows do not count, and cost nothing here.
//! - Accounts of several tenants in one portfolio (an agency's clients) share its limit. A customer of two tenants counts twice, which is
//!   safe.
//! - Meta does not document whether a customer counts from the first or the last message of a day; counting from the last is safe either
//!   way.
//! - Meta does not document the error of a message over the limit either, so none is sent: it is held until a customer ceases to count.
//! - The first held message is due when the first customer ceases to count, and so on, so no message polls. If there is room earlier,
//!   messages are released. A new message that finds room takes it.

mod allocate;
mod candidates;
mod release;
mod usage;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use candidates::{LimitCandidate, portfolio_key};
pub(crate) use release::{release_limits, release_overlooked};
pub(crate) use usage::{CustomersToday, customers_today, purge_recipients, record_held};

use self::{
    allocate::allocate,
    candidates::{count_customers, distinct_recipients, grouped, portfolio_keys},
};
use super::sendable::SendableMessage;
use crate::{
    db::{Result, Tx},
    domain::{AttemptId, ContactId, HoldReason, MessageId},
    messaging::{
        MessagingService,
        store::sends::{self, DueSend},
    },
    queue::{Outcome, Outcomes},
    records::portfolios::{self, PortfolioKey, PortfolioUsage, Recipient},
};

/// How long a customer counts: 24 hours, and a minute for messages in flight and for clock differences.
pub(crate) const COUNTING_PERIOD: TimeDelta = TimeDelta::seconds(24 * 3_600 + 60);

/// Defers messages whose portfolio has no room, before they request slots that they could not use.
pub(crate) async fn defer_over_limit(
    service: &MessagingService,
    sendable: Vec<SendableMessage>,
    outcomes: &mut Outcomes<MessageId>,
) -> Result<Vec<SendableMessage>> {
    let now = service.clock.now();
    // No attempt is written here, so any id will serve.
    let candidate = |it: &SendableMessage| LimitCandidate::of(it, service.clock.new_id(), now);
    let groups = grouped(sendable.iter().filter_map(candidate).collect());
    if groups.is_empty() {
        return Ok(sendable);
    }
    let full = over_limit(
        portfolios::usage(service.db.writer(), &portfolio_keys(&groups)).await?,
        &groups,
    );
    if full.is_empty() {
        return Ok(sendable);
    }
    let mut tx = service.db.begin().await?;
    portfolios::lock(&mut tx, full.keys().map(String::as_str)).await?;
    let mut later = HashMap::new();
    let mut gone = BTreeMap::new();
    for (portfolio, standings) in reload(&mut tx, &full).await? {
        let allocation = allocate(&mut tx, &standings, &groups[&portfolio], now).await?;
        gone.extend(allocation.gone.into_iter().map(|(key, count)| (key, -count)));
        later.extend(allocation.later);
    }
    adjust_counts(&mut tx, gone).await?;
    hold_deferred(&mut tx, &later).await?;
    tx.commit().await?;
    snooze_deferred(sendable.iter().map(|it| &it.due), &later, outcomes);
    Ok(sendable
        .into_iter()
        .filter(|it| !later.contains_key(&it.due.id))
        .collect())
}

/// Result of counting recipients in a transaction.
#[derive(Default)]
pub(crate) struct CountedRecipients {
    /// Messages that are deferred, and until when.
    pub later: HashMap<MessageId, DateTime<Utc>>,
    /// New customers of portfolios without a limit.
    free: BTreeMap<PortfolioKey, i64>,
}

/// Counts the recipients of messages whose attempts begin in this transaction. Portfolios with a limit stay locked until the commit. The
/// sums of the others change last ([`CountedRecipients::add_unlimited`]), since senders would only wait for each other.
pub(crate) async fn count_recipients(
    tx: &mut Tx,
    candidates: Vec<LimitCandidate>,
    now: DateTime<Utc>,
) -> Result<CountedRecipients> {
    let mut counted = CountedRecipients::default();
    let groups = grouped(candidates);
    if groups.is_empty() {
        return Ok(counted);
    }
    let limited = by_portfolio(portfolios::usage(tx.on(), &portfolio_keys(&groups)).await?, |all| {
        all.iter().any(|it| it.most().is_some())
    });
    portfolios::lock(tx, limited.keys().map(String::as_str)).await?;
    let mut corrections: BTreeMap<PortfolioKey, i64> = BTreeMap::new();
    for (portfolio, standings) in over_limit(reload(tx, &limited).await?.into_values().flatten().collect(), &groups) {
        let allocation = allocate(tx, &standings, &groups[&portfolio], now).await?;
        corrections.extend(allocation.gone.into_iter().map(|(key, count)| (key, -count)));
        counted.later.extend(allocation.later);
    }
    let goes = |candidate: &&LimitCandidate| !counted.later.contains_key(&candidate.message);
    let recipients: Vec<Recipient> = groups
        .values()
        .flat_map(|candidates| distinct_recipients(candidates.iter().filter(goes)))
        .collect();
    let given: HashMap<(&PortfolioKey, ContactId), i64> =
        recipients.iter().map(|it| ((&it.key, it.contact), it.sends)).collect();
    for row in portfolios::count(tx.on(), &recipients, now).await? {
        let (tenant, portfolio) = (row.tenant_id, row.portfolio);
        let key = PortfolioKey { portfolio, tenant };
        let is_new = given.get(&(&key, row.contact_id)) == Some(&row.sends);
        let sums = if limited.contains_key(&key.portfolio) {
            &mut corrections
        } else {
            &mut counted.free
        };
        *sums.entry(key).or_default() += i64::from(is_new);
    }
    adjust_counts(tx, corrections).await?;
    hold_deferred(tx, &counted.later).await?;
    Ok(counted)
}

impl CountedRecipients {
    /// Adds the counts of portfolios without a limit. Must be the last step before the commit.
    pub(crate) async fn add_unlimited(self, tx: &mut Tx) -> Result<()> {
        adjust_counts(tx, self.free).await
    }
}

async fn adjust_counts(tx: &mut Tx, mut changes: BTreeMap<PortfolioKey, i64>) -> Result<()> {
    changes.retain(|_, change| *change != 0);
    portfolios::add(tx.on(), &changes).await
}

/// Groups standings by portfolio and keeps the groups for which `is_selected` returns true.
fn by_portfolio(
    standings: Vec<PortfolioUsage>,
    is_selected: impl Fn(&[PortfolioUsage]) -> bool,
) -> BTreeMap<String, Vec<PortfolioUsage>> {
    let mut all: BTreeMap<String, Vec<PortfolioUsage>> = BTreeMap::new();
    for standing in standings {
        all.entry(standing.portfolio.clone()).or_default().push(standing);
    }
    all.retain(|_, standings| is_selected(standings));
    all
}

/// Returns the portfolios that may have no room for all candidates.
fn over_limit(
    standings: Vec<PortfolioUsage>,
    groups: &BTreeMap<String, Vec<LimitCandidate>>,
) -> BTreeMap<String, Vec<PortfolioUsage>> {
    by_portfolio(standings, |all| {
        let over = |it: &PortfolioUsage| Some(it.used + count_customers(&groups[&it.portfolio]) > it.most()?);
        all.iter().any(|it| over(it) == Some(true))
    })
}

/// Reads portfolios again after they were locked.
async fn reload(
    tx: &mut Tx,
    held: &BTreeMap<String, Vec<PortfolioUsage>>,
) -> Result<BTreeMap<String, Vec<PortfolioUsage>>> {
    let keys: Vec<PortfolioKey> = held.values().flatten().map(PortfolioUsage::key).collect();
    Ok(by_portfolio(portfolios::usage(tx.on(), &keys).await?, |_| true))
}

/// Removes recipients whose only message was rejected from the count.
pub(crate) async fn uncount(tx: &mut Tx, refused: &[(PortfolioKey, ContactId, AttemptId)]) -> Result<()> {
    let mut changes: BTreeMap<PortfolioKey, i64> = refused.iter().map(|(key, ..)| (key.clone(), 0)).collect();
    if changes.is_empty() {
        return Ok(());
    }
    portfolios::add(tx.on(), &changes).await?;
    for (tenant, portfolio) in portfolios::remove_refused(tx.on(), refused).await? {
        *changes.entry(PortfolioKey { portfolio, tenant }).or_default() -= 1;
    }
    adjust_counts(tx, changes).await
}

/// Snoozes deferred messages until their time, or their expiry if that is earlier.
pub(crate) fn snooze_deferred<'d>(
    all: impl Iterator<Item = &'d DueSend>,
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

async fn hold_deferred(tx: &mut Tx, later: &HashMap<MessageId, DateTime<Utc>>) -> Result<()> {
    let mut held: Vec<(MessageId, HoldReason)> =
        later.keys().map(|message| (*message, HoldReason::DailyLimit)).collect();
    held.sort();
    metrics::counter!("mainstay_daily_limit_waits_total").increment(held.len() as u64);
    sends::set_hold_reasons(tx.on(), &held).await.map(drop)
}
