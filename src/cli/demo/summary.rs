//! Compares the simulator's ledger with the database.

use std::{collections::HashSet, fmt, hash::Hash};

use chrono::DateTime;
use mainstay_sim::Ledger;
use serde::Serialize;
use uuid::Uuid;

use super::DemoSetup;
use crate::records::tally::{self, StatusKey};

/// Maximum number of lost messages and of lost statuses that are named.
const SHOWN: usize = 5;

/// Statuses of payments, which come among the statuses of messages.
const PAYMENT: [&str; 2] = ["pending", "captured"];

/// What was acknowledged to Meta, compared with what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// POSTs answered 200, whether or not the answer arrived. Each must be a row.
    pub webhooks: LedgerCount,
    /// Messages in them, for the demo's phone number.
    pub messages: LedgerCount,
    /// Statuses in them, for the demo's phone number.
    pub statuses: LedgerCount,
    /// Answers that Meta accepted. Each must be recorded as the outcome of an attempt.
    pub answers: LedgerCount,
    /// Webhooks that are stored and not processed yet.
    pub waiting: u64,
    /// Messages that are still to be sent.
    pub unsent: u64,
    /// Answers whose outcome is unknown yet; none of these is lost.
    pub undecided: u64,
    /// Stored webhooks that are dead, quarantined or discarded.
    pub set_aside: u64,
    /// Forged webhooks, none of which may be accepted.
    pub forged: u64,
    pub forged_accepted: u64,
    /// Names of some lost items.
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LedgerCount {
    pub acknowledged: u64,
    pub stored: u64,
    pub lost: u64,
}

impl LedgerCount {
    /// Clears `lost` while stored webhooks are waiting, which may contain the missing items.
    fn clear_lost_if(self, webhooks_wait: bool) -> Self {
        Self {
            lost: if webhooks_wait { 0 } else { self.lost },
            ..self
        }
    }

    fn subtract(self, undecided: u64) -> Self {
        Self {
            lost: self.lost.saturating_sub(undecided),
            ..self
        }
    }
}

impl Summary {
    /// Compares the ledger with the database. `since` is the first id of this run.
    pub(crate) async fn compare_with(ledger: &Ledger, setup: &DemoSetup, since: Uuid) -> anyhow::Result<Self> {
        let on = || setup.db.reader();
        let totals = &ledger.totals;
        let acknowledged =
            totals.answers.get(&200).copied().unwrap_or(0) + totals.garbage_accepted + totals.forged_accepted;
        let stored = tally::stored_since(on(), since).await?.unsigned_abs();
        let tally = tally::tally(on()).await?;
        let (waiting, undecided) = (tally.waiting.unsigned_abs(), tally.undecided.unsigned_abs());
        let mut missing = Vec::new();
        let webhooks_wait = waiting > 0;
        Ok(Self {
            webhooks: LedgerCount {
                acknowledged,
                stored,
                lost: acknowledged.saturating_sub(stored),
            },
            messages: messages(ledger, setup, &mut missing)
                .await?
                .clear_lost_if(webhooks_wait),
            statuses: statuses(ledger, setup, &mut missing)
                .await?
                .clear_lost_if(webhooks_wait),
            answers: answers(ledger, setup, &mut missing).await?.subtract(undecided),
            waiting,
            unsent: tally.unsent.unsigned_abs(),
            undecided,
            set_aside: tally.set_aside.unsigned_abs(),
            forged: totals.forged,
            forged_accepted: totals.forged_accepted,
            missing,
        })
    }

    pub fn lost(&self) -> u64 {
        self.webhooks.lost + self.messages.lost + self.statuses.lost + self.answers.lost
    }
}

async fn messages(ledger: &Ledger, setup: &DemoSetup, missing: &mut Vec<String>) -> sqlx::Result<LedgerCount> {
    let number = super::setup::sim_config().phone_number_id;
    let acknowledged: HashSet<String> = ledger
        .acknowledged_messages()
        .filter(|message| message.phone_number_id == number)
        .map(|message| message.wamid.clone())
        .collect();
    let wamids: Vec<&str> = acknowledged.iter().map(String::as_str).collect();
    let known = tally::known_messages(setup.db.reader(), setup.tenant, setup.channel, &wamids).await?;
    let known = known.into_iter().map(|(wamid,)| wamid).collect();
    Ok(compare(
        &acknowledged,
        &known,
        |wamid| format!("message {wamid}"),
        missing,
    ))
}

async fn answers(ledger: &Ledger, setup: &DemoSetup, missing: &mut Vec<String>) -> sqlx::Result<LedgerCount> {
    let acknowledged: HashSet<String> = ledger.sends.iter().map(|send| send.wamid.clone()).collect();
    let wamids: Vec<&str> = acknowledged.iter().map(String::as_str).collect();
    let known = tally::known_sends(setup.db.reader(), setup.tenant, setup.channel, &wamids).await?;
    let known = known.into_iter().map(|(wamid,)| wamid).collect();
    Ok(compare(
        &acknowledged,
        &known,
        |wamid| format!("answer {wamid}"),
        missing,
    ))
}

async fn statuses(ledger: &Ledger, setup: &DemoSetup, missing: &mut Vec<String>) -> sqlx::Result<LedgerCount> {
    let number = super::setup::sim_config().phone_number_id;
    let acknowledged: HashSet<StatusKey> = ledger
        .acknowledged_statuses()
        .filter(|status| status.phone_number_id == number && !PAYMENT.contains(&status.status.as_str()))
        .filter_map(|status| {
            let at = DateTime::from_timestamp(status.timestamp, 0)?;
            Some((status.wamid.clone(), status.status.clone(), at))
        })
        .collect();
    let keys: Vec<StatusKey> = acknowledged.iter().cloned().collect();
    let known = tally::known_statuses(setup.db.reader(), setup.tenant, setup.channel, &keys).await?;
    let name = |(wamid, status, at): &StatusKey| format!("status {status} of {wamid} at {at}");
    Ok(compare(&acknowledged, &known.into_iter().collect(), name, missing))
}

fn compare<K: Eq + Hash>(
    acknowledged: &HashSet<K>,
    known: &HashSet<K>,
    name: impl Fn(&K) -> String,
    missing: &mut Vec<String>,
) -> LedgerCount {
    let lost: Vec<&K> = acknowledged.difference(known).collect();
    missing.extend(lost.iter().take(SHOWN).map(|key| name(key)));
    LedgerCount {
        acknowledged: acknowledged.len() as u64,
        stored: known.len() as u64,
        lost: lost.len() as u64,
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<10} {:>14} {:>10} {:>6}", "", "acknowledged", "stored", "lost")?;
        for (name, count) in [
            ("webhooks", self.webhooks),
            ("messages", self.messages),
            ("statuses", self.statuses),
            ("answers", self.answers),
        ] {
            writeln!(
                f,
                "{name:<10} {:>14} {:>10} {:>6}",
                count.acknowledged, count.stored, count.lost
            )?;
        }
        if self.waiting > 0 {
            writeln!(
                f,
                "{} webhooks are stored and not processed yet; the next start processes them",
                self.waiting
            )?;
        }
        if self.unsent + self.undecided > 0 {
            writeln!(
                f,
                "{} answers stay queued, and the outcome of {} is unknown yet; the next start continues with them",
                self.unsent, self.undecided
            )?;
        }
        if self.set_aside > 0 {
            writeln!(
                f,
                "{} webhooks are dead, quarantined or discarded: GET /admin/events shows why",
                self.set_aside
            )?;
        }
        if self.forged > 0 {
            writeln!(
                f,
                "{} webhooks were forged, and {} of them accepted",
                self.forged, self.forged_accepted
            )?;
        }
        for missing in self.missing.iter().filter(|_| self.lost() > 0) {
            writeln!(f, "missing: {missing}")?;
        }
        write!(f, "lost {}", self.lost())
    }
}
