use std::{collections::HashSet, fmt, hash::Hash};

use chrono::DateTime;
use mainstay_sim::Ledger;
use serde::Serialize;
use uuid::Uuid;

use super::Stage;
use crate::records::tally::{self, StatusKey};

/// Lost messages and statuses named, of each.
const SHOWN: usize = 5;

/// Words of payments, which come among the statuses of messages and are none.
const PAYMENT: [&str; 2] = ["pending", "captured"];

/// What Meta was promised, against what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// POSTs answered 200, whether or not the answer arrived. Each must be a row.
    pub webhooks: Count,
    /// Messages in them, for the demo's phone number.
    pub messages: Count,
    /// Statuses in them, likewise.
    pub statuses: Count,
    /// Answers that Meta accepted. Each must be what an attempt of ours is known to have come to.
    pub answers: Count,
    /// Webhooks that were stored and not processed yet.
    pub waiting: u64,
    /// Messages that are still to be sent.
    pub unsent: u64,
    /// Answers of which it is not known yet whether Meta took them: none of these is lost.
    pub undecided: u64,
    /// Stored webhooks that are dead, quarantined or discarded.
    pub set_aside: u64,
    /// Forged webhooks, none of which may be accepted.
    pub forged: u64,
    pub forged_accepted: u64,
    /// Some of what was lost.
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub acknowledged: u64,
    pub stored: u64,
    pub lost: u64,
}

impl Count {
    /// Nothing is lost that may stand in a webhook which is stored and not processed.
    fn unless(self, webhooks_wait: bool) -> Self {
        Self {
            lost: if webhooks_wait { 0 } else { self.lost },
            ..self
        }
    }

    fn less(self, undecided: u64) -> Self {
        Self {
            lost: self.lost.saturating_sub(undecided),
            ..self
        }
    }
}

impl Summary {
    /// `since`: the first id of this run.
    pub async fn draw_up(ledger: &Ledger, stage: &Stage, since: Uuid) -> anyhow::Result<Self> {
        let on = || stage.db.reader();
        let totals = &ledger.totals;
        let acknowledged =
            totals.answers.get(&200).copied().unwrap_or(0) + totals.garbage_accepted + totals.forged_accepted;
        let stored = tally::stored_since(on(), since).await?.unsigned_abs();
        let tally = tally::tally(on()).await?;
        let (waiting, undecided) = (tally.waiting.unsigned_abs(), tally.undecided.unsigned_abs());
        let mut missing = Vec::new();
        let webhooks_wait = waiting > 0;
        Ok(Self {
            webhooks: Count {
                acknowledged,
                stored,
                lost: acknowledged.saturating_sub(stored),
            },
            messages: messages(ledger, stage, &mut missing).await?.unless(webhooks_wait),
            statuses: statuses(ledger, stage, &mut missing).await?.unless(webhooks_wait),
            answers: answers(ledger, stage, &mut missing).await?.less(undecided),
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

async fn messages(ledger: &Ledger, stage: &Stage, missing: &mut Vec<String>) -> sqlx::Result<Count> {
    let number = super::stage::sim_config().phone_number_id;
    let told: HashSet<String> = ledger
        .acknowledged_messages()
        .filter(|message| message.phone_number_id == number)
        .map(|message| message.wamid.clone())
        .collect();
    let wamids: Vec<&str> = told.iter().map(String::as_str).collect();
    let known = tally::known_messages(stage.db.reader(), stage.tenant, stage.channel, &wamids).await?;
    let known = known.into_iter().map(|(wamid,)| wamid).collect();
    Ok(compare(&told, &known, |wamid| format!("message {wamid}"), missing))
}

async fn answers(ledger: &Ledger, stage: &Stage, missing: &mut Vec<String>) -> sqlx::Result<Count> {
    let told: HashSet<String> = ledger.sends.iter().map(|send| send.wamid.clone()).collect();
    let wamids: Vec<&str> = told.iter().map(String::as_str).collect();
    let known = tally::known_sends(stage.db.reader(), stage.tenant, stage.channel, &wamids).await?;
    let known = known.into_iter().map(|(wamid,)| wamid).collect();
    Ok(compare(&told, &known, |wamid| format!("answer {wamid}"), missing))
}

async fn statuses(ledger: &Ledger, stage: &Stage, missing: &mut Vec<String>) -> sqlx::Result<Count> {
    let number = super::stage::sim_config().phone_number_id;
    let told: HashSet<StatusKey> = ledger
        .acknowledged_statuses()
        .filter(|status| status.phone_number_id == number && !PAYMENT.contains(&status.status.as_str()))
        .filter_map(|status| {
            let at = DateTime::from_timestamp(status.timestamp, 0)?;
            Some((status.wamid.clone(), status.status.clone(), at))
        })
        .collect();
    let keys: Vec<StatusKey> = told.iter().cloned().collect();
    let known = tally::known_statuses(stage.db.reader(), stage.tenant, stage.channel, &keys).await?;
    let name = |(wamid, status, at): &StatusKey| format!("status {status} of {wamid} at {at}");
    Ok(compare(&told, &known.into_iter().collect(), name, missing))
}

fn compare<K: Eq + Hash>(
    told: &HashSet<K>,
    known: &HashSet<K>,
    name: impl Fn(&K) -> String,
    missing: &mut Vec<String>,
) -> Count {
    let lost: Vec<&K> = told.difference(known).collect();
    missing.extend(lost.iter().take(SHOWN).map(|key| name(key)));
    Count {
        acknowledged: told.len() as u64,
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
                "{} webhooks are stored and not processed yet; the next start goes on with them",
                self.waiting
            )?;
        }
        if self.unsent + self.undecided > 0 {
            writeln!(
                f,
                "{} answers stay queued, and of {} it is not known yet whether Meta took them; the next start goes on with them",
                self.unsent, self.undecided
            )?;
        }
        if self.set_aside > 0 {
            writeln!(
                f,
                "{} webhooks are kept aside: GET /admin/events tells why",
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
