//! Records what contacts said by keywords.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::KeywordRule;
use crate::{
    clock::Clock,
    contacts::{
        consent::{self, NewConsent, events::consent_event},
        store::consents::{self, ConsentKey},
    },
    db::{Result, Tx},
    domain::{Actor, ChannelId, ConsentSource, ConsentStatus, ContactId, KeywordAction, MessageId, TenantId},
    records::events::NewEvent,
};

/// How long a consent that was confirmed to a contact is not confirmed again.
pub(crate) const QUIET_TIME: TimeDelta = TimeDelta::hours(24);

/// A message that is nothing but a keyword.
pub(crate) struct SentKeyword<'a> {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub channel: ChannelId,
    pub message: MessageId,
    /// Meta's time of the message.
    pub at: DateTime<Utc>,
    pub text: &'a str,
    /// A keyword, or a button that was pressed.
    pub source: ConsentSource,
    pub rule: &'a KeywordRule,
}

impl SentKeyword<'_> {
    /// What the contact's consent is from now on; `None` for a call for help.
    fn status(&self) -> Option<ConsentStatus> {
        match self.rule.action {
            KeywordAction::Stop => Some(ConsentStatus::Revoked),
            KeywordAction::Start => Some(ConsentStatus::Granted),
            KeywordAction::Help => None,
        }
    }

    /// What it is about: all channels, since who says STOP means the business.
    fn key(&self) -> ConsentKey {
        ConsentKey {
            tenant: self.tenant,
            contact: self.contact,
            purpose: self.rule.purpose,
            channel: None,
        }
    }

    fn statement(&self, status: ConsentStatus, key: ConsentKey) -> NewConsent {
        NewConsent {
            tenant: self.tenant,
            contact: self.contact,
            purpose: key.purpose,
            channel: key.channel,
            status,
            source: self.source,
            lifts: false,
            occurred_at: self.at,
            evidence: Some(json!({ "text": self.text, "rule_id": self.rule.id, "message_id": self.message })),
            // The ledger has one statement of a message for each purpose.
            message: (key.channel.is_none()).then_some(self.message),
            import: None,
            by: Actor::System,
        }
    }
}

/// What keywords led to.
pub(crate) struct KeywordEffects {
    pub events: Vec<NewEvent>,
    /// Positions of the keywords that changed the contact's consent, or repeat what was not confirmed to them for long.
    pub to_confirm: BTreeSet<usize>,
}

/// Appends what keywords say to the ledger, each with its message as the proof, and says which are to be confirmed. The caller has locked the
/// contacts and stored the messages.
pub(crate) async fn record(tx: &mut Tx, clock: &Clock, sent: &[SentKeyword<'_>]) -> Result<KeywordEffects> {
    let mut statements = Vec::new();
    for it in sent {
        if let Some(status) = it.status() {
            statements.push(it.statement(status, it.key()));
        }
    }
    statements.extend(lifting(tx, sent).await?);
    let mut texts: BTreeMap<ConsentKey, &str> = BTreeMap::new();
    for it in sent {
        texts.insert(it.key(), it.text);
    }
    let changes = consent::record_locked(tx, clock, statements).await?;
    let event = |change| consent_event(clock, change, texts.get(&change.key).copied());
    let events = changes.iter().filter_map(event).collect();
    let now = clock.now();
    let asked: BTreeSet<(ConsentKey, ConsentStatus)> =
        sent.iter().filter_map(|it| Some((it.key(), it.status()?))).collect();
    let asked = holding(tx, asked).await?;
    let mut confirmed = Vec::new();
    if !asked.is_empty() {
        confirmed = consents::confirm(tx.on(), &asked, now - QUIET_TIME, now).await?;
    }
    // What is confirmed is the state that there is now, to the last message that asked for it.
    let position = |it: &(ConsentKey, ConsentStatus)| {
        sent.iter()
            .rposition(|sent| sent.key() == it.0 && sent.status() == Some(it.1))
    };
    Ok(KeywordEffects {
        events,
        to_confirm: confirmed.iter().filter_map(position).collect(),
    })
}

/// Leaves out the opting in of contacts who stopped marketing in WhatsApp's settings: it is recorded, but Meta refuses what they ask for.
async fn holding(
    tx: &mut Tx,
    asked: BTreeSet<(ConsentKey, ConsentStatus)>,
) -> Result<Vec<(ConsentKey, ConsentStatus)>> {
    let granted = asked.iter().filter(|(_, status)| *status == ConsentStatus::Granted);
    let granted: BTreeSet<(TenantId, ContactId)> = granted.map(|(key, _)| (key.tenant, key.contact)).collect();
    let granted: Vec<(TenantId, ContactId)> = granted.into_iter().collect();
    let stopped: BTreeSet<(TenantId, ContactId)> = match granted.is_empty() {
        true => BTreeSet::new(),
        false => consents::marketing_stopped(tx.on(), &granted)
            .await?
            .into_iter()
            .collect(),
    };
    let holds = |(key, status): &(ConsentKey, ConsentStatus)| {
        *status == ConsentStatus::Revoked || !stopped.contains(&(key.tenant, key.contact))
    };
    Ok(asked.into_iter().filter(holds).collect())
}

/// Returns what else a contact who opts in allows: whatever would keep from them what they opt in to, on the channel they write on.
async fn lifting(tx: &mut Tx, sent: &[SentKeyword<'_>]) -> Result<Vec<NewConsent>> {
    let starting: Vec<&SentKeyword<'_>> = sent
        .iter()
        .filter(|it| it.status() == Some(ConsentStatus::Granted))
        .collect();
    if starting.is_empty() {
        return Ok(Vec::new());
    }
    let contacts: BTreeSet<(TenantId, ContactId)> = starting.iter().map(|it| (it.tenant, it.contact)).collect();
    let refused = consents::revoked(tx.on(), &contacts.into_iter().collect::<Vec<_>>()).await?;
    let mut lifting = Vec::new();
    for it in starting {
        let own = it.key();
        let keeps = |key: &&ConsentKey| {
            let is_theirs = (key.tenant, key.contact) == (it.tenant, it.contact);
            is_theirs && **key != own && key.channel.is_none_or(|channel| channel == it.channel)
        };
        let lifted = refused.iter().filter(keeps);
        lifting.extend(lifted.map(|key| it.statement(ConsentStatus::Granted, *key)));
    }
    Ok(lifting)
}
