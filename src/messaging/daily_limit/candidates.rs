//! Messages that count towards a daily limit.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    directory::Route,
    domain::{AttemptId, ContactId, MessageId, RecipientKind, SendLane},
    messaging::{sendable::SendableMessage, store::sends::DueSend},
    records::portfolios::{PortfolioKey, Recipient},
};

/// Margin for messages in flight: a window that closes sooner may be closed when the message arrives.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(30);

/// Returns whether the message counts a customer.
fn counts(due: &DueSend, now: DateTime<Utc>) -> bool {
    due.recipient_kind != RecipientKind::Group && due.window_expires_at.is_none_or(|end| end <= now + ON_ITS_WAY)
}

/// A message that counts a customer.
#[derive(Clone, Debug)]
pub(crate) struct LimitCandidate {
    pub key: PortfolioKey,
    pub message: MessageId,
    pub contact: ContactId,
    pub lane: SendLane,
    pub attempt: AttemptId,
}

impl LimitCandidate {
    /// Returns `None` for a message that does not count.
    pub fn of(message: &SendableMessage, attempt: AttemptId, now: DateTime<Utc>) -> Option<Self> {
        counts(&message.due, now).then(|| Self {
            key: portfolio_key(&message.route),
            message: message.due.id,
            contact: message.due.contact_id,
            lane: message.due.send_lane(),
            attempt,
        })
    }
}

/// Returns the key of the portfolio and tenant that the channel counts for.
pub(crate) fn portfolio_key(route: &Route) -> PortfolioKey {
    PortfolioKey {
        portfolio: route.portfolio.clone(),
        tenant: route.tenant,
    }
}

/// Groups candidates of all tenants by portfolio; within one by lane, then by age.
pub(crate) fn grouped(candidates: Vec<LimitCandidate>) -> BTreeMap<String, Vec<LimitCandidate>> {
    let mut groups: BTreeMap<String, Vec<LimitCandidate>> = BTreeMap::new();
    for candidate in candidates {
        groups
            .entry(candidate.key.portfolio.clone())
            .or_default()
            .push(candidate);
    }
    for candidates in groups.values_mut() {
        candidates.sort_by_key(|candidate| (candidate.lane, candidate.message));
    }
    groups
}

/// Returns the distinct keys of the candidates.
pub(crate) fn portfolio_keys(groups: &BTreeMap<String, Vec<LimitCandidate>>) -> Vec<PortfolioKey> {
    let keys: BTreeSet<&PortfolioKey> = groups.values().flatten().map(|candidate| &candidate.key).collect();
    keys.into_iter().cloned().collect()
}

/// Counts the distinct contacts.
pub(crate) fn count_customers(candidates: &[LimitCandidate]) -> i64 {
    let contacts: HashSet<ContactId> = candidates.iter().map(|candidate| candidate.contact).collect();
    contacts.len() as i64
}

/// Returns each recipient once, with its number of sends.
pub(crate) fn distinct_recipients<'w>(candidates: impl Iterator<Item = &'w LimitCandidate>) -> Vec<Recipient> {
    let mut recipients: BTreeMap<ContactId, Recipient> = BTreeMap::new();
    for candidate in candidates {
        let recipient = recipients.entry(candidate.contact).or_insert_with(|| Recipient {
            key: candidate.key.clone(),
            contact: candidate.contact,
            attempt: candidate.attempt,
            sends: 0,
        });
        recipient.sends += 1;
    }
    recipients.into_values().collect()
}
