use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    directory::Route,
    domain::{AttemptId, ContactId, MessageId, RecipientKind, SendLane},
    messaging::{ready::Ready, store::sends::Due},
    records::portfolios::{PortfolioKey, Recipient},
};

/// A window that closes sooner may be closed when the message arrives.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(30);
/// Whether Meta would count a customer for this message.
fn counts(due: &Due, now: DateTime<Utc>) -> bool {
    due.recipient_kind != RecipientKind::Group && due.window_expires_at.is_none_or(|end| end <= now + ON_ITS_WAY)
}

/// A message that would count.
#[derive(Clone, Debug)]
pub struct Want {
    pub key: PortfolioKey,
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
pub fn key(route: &Route) -> PortfolioKey {
    PortfolioKey {
        portfolio: route.portfolio.clone(),
        tenant: route.tenant,
    }
}

/// By portfolio, whichever tenant's they are; within one the most urgent first, then the oldest.
pub fn grouped(wants: Vec<Want>) -> BTreeMap<String, Vec<Want>> {
    let mut groups: BTreeMap<String, Vec<Want>> = BTreeMap::new();
    for want in wants {
        groups.entry(want.key.portfolio.clone()).or_default().push(want);
    }
    for wants in groups.values_mut() {
        wants.sort_by_key(|want| (want.lane, want.message));
    }
    groups
}

/// The parts in portfolios that these would count in, each once.
pub fn keys(groups: &BTreeMap<String, Vec<Want>>) -> Vec<PortfolioKey> {
    let keys: BTreeSet<&PortfolioKey> = groups.values().flatten().map(|want| &want.key).collect();
    keys.into_iter().cloned().collect()
}

pub fn customers(wants: &[Want]) -> i64 {
    let contacts: HashSet<ContactId> = wants.iter().map(|want| want.contact).collect();
    contacts.len() as i64
}

/// Each customer once.
pub fn distinct<'w>(wants: impl Iterator<Item = &'w Want>) -> Vec<Recipient> {
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
