//! Appends statements to the ledger and recomputes the states that they touch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::rule::{self, ConsentState};
use crate::{
    clock::Clock,
    contacts::store::consents::{self, ConsentKey, ConsentRow},
    db::{Result, Tx},
    domain::{
        Actor, ChannelId, ConsentPurpose, ConsentSource, ConsentStatus, ContactId, ImportId, MessageId, TenantId,
    },
    records::{contacts::ContactMerge, lock_order::Stage},
};

/// A statement to append.
#[derive(Clone, Debug)]
pub(crate) struct NewConsent {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub purpose: ConsentPurpose,
    /// `None` is all channels.
    pub channel: Option<ChannelId>,
    pub status: ConsentStatus,
    pub source: ConsentSource,
    /// Whether a grant lifts what the contact refused themself: with the permission `consent.override`, and evidence.
    pub lifts: bool,
    /// When it was said. A time in the future becomes now.
    pub occurred_at: DateTime<Utc>,
    pub evidence: Option<Value>,
    /// The message that it was said in: recorded once per message and purpose.
    pub message: Option<MessageId>,
    /// The import and the row of its file: recorded once per row.
    pub import: Option<(ImportId, i64)>,
    pub by: Actor,
}

/// What became of the state that a statement was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConsentChange {
    pub key: ConsentKey,
    pub before: Option<ConsentStatus>,
    pub after: Option<ConsentStatus>,
}

impl ConsentChange {
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }
}

/// Appends statements and recomputes the states that they touch, of which it returns one entry each. The caller has locked the contacts
/// (or inserted them in this transaction). A statement that is recorded already is not repeated.
pub(crate) async fn record(tx: &mut Tx, clock: &Clock, statements: Vec<NewConsent>) -> Result<Vec<ConsentChange>> {
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    Stage::Contacts.reach(tx);
    record_locked(tx, clock, statements).await
}

/// [`record`], for a transaction that has locked the contacts at their stage of the lock order and is at a later one now.
pub(crate) async fn record_locked(
    tx: &mut Tx,
    clock: &Clock,
    statements: Vec<NewConsent>,
) -> Result<Vec<ConsentChange>> {
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    let now = clock.now();
    let keys: BTreeSet<ConsentKey> = statements.iter().map(ConsentKey::of).collect();
    let rows: Vec<ConsentRow> = statements
        .into_iter()
        .map(|it| ConsentRow::new(clock, it, now))
        .collect();
    consents::append(tx.on(), &rows).await?;
    recompute(tx, keys.into_iter().collect()).await
}

/// Computes the states anew from the whole ledger and writes those that changed.
async fn recompute(tx: &mut Tx, keys: Vec<ConsentKey>) -> Result<Vec<ConsentChange>> {
    let mut statements: BTreeMap<ConsentKey, Vec<rule::ConsentEntry>> = BTreeMap::new();
    for (key, statement) in consents::statements(tx.on(), &keys).await? {
        statements.entry(key).or_default().push(statement);
    }
    let before = consents::states(tx.on(), &keys).await?;
    let mut changed: Vec<(ConsentKey, ConsentState)> = Vec::new();
    let mut changes = Vec::with_capacity(keys.len());
    for key in keys {
        let after = statements.remove(&key).and_then(rule::state);
        let was = before.get(&key);
        changes.push(ConsentChange {
            key,
            before: was.map(|it| it.status),
            after: after.map(|it| it.status),
        });
        changed.extend(after.filter(|it| was != Some(it)).map(|it| (key, it)));
    }
    consents::set_states(tx.on(), &changed).await?;
    Ok(changes)
}

/// Gives the statements of a merged contact to the other one, whose states are computed from both histories.
pub(crate) async fn merge(tx: &mut Tx, merge: ContactMerge) -> Result<()> {
    let keys = consents::move_statements(tx, merge).await?;
    recompute(tx, keys).await.map(drop)
}
