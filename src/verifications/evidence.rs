//! Gathers what messages say of numbers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::judge::{Trace, TraceKind};
use crate::{
    db::{Result, Tx},
    domain::{ContactId, Direction, Status, TenantId},
    phone,
    records::{
        contacts::{self, Identity},
        conversations::{self, ContactConversation},
        messages::{self, MessageTrace},
    },
};

/// Graph error 131026: the message could not be delivered.
const UNDELIVERABLE: i64 = 131_026;
/// Messages to a number that count, the newest first.
const COUNTED: usize = 20;

/// Returns what happened between each number and the tenant, by its digits.
pub(super) async fn gather(
    tx: &mut Tx,
    tenant: TenantId,
    numbers: &[String],
    now: DateTime<Utc>,
) -> Result<HashMap<String, Vec<Trace>>> {
    let owners = owners(tx, tenant, numbers).await?;
    let contacts: Vec<ContactId> = owners.iter().map(|(_, contact)| *contact).collect();
    let mut by_contact: HashMap<ContactId, Vec<ContactConversation>> = HashMap::new();
    for it in conversations::windows_of_contacts(tx.on(), tenant, &contacts).await? {
        by_contact.entry(it.contact_id).or_default().push(it);
    }
    let mut found: HashMap<String, Vec<Trace>> = HashMap::new();
    for (number, contact) in owners {
        let forms = forms(&number);
        let (mut outbound, mut traces) = (Vec::new(), Vec::new());
        for conversation in by_contact.get(&contact).into_iter().flatten() {
            let page = messages::traces(tx.on(), tenant, conversation.id, now).await?;
            let wrote = match page.iter().find(|it| has_written(it, &forms)) {
                None if conversation.window_expires_at.is_some() => {
                    let last = messages::last_inbound(tx.on(), tenant, conversation.id).await?;
                    last.filter(|it| has_written(it, &forms)).map(|it| it.sent_at)
                }
                found => found.map(|it| it.sent_at),
            };
            let kind = TraceKind::Wrote;
            let campaign = None;
            traces.extend(wrote.map(|at| Trace { kind, at, campaign }));
            outbound.extend(page.into_iter().filter(|it| was_called(it, &forms)));
        }
        outbound.sort_by_key(|it| std::cmp::Reverse(it.sent_at));
        traces.extend(outbound.iter().take(COUNTED).filter_map(trace));
        found.entry(number).or_default().extend(traces);
    }
    Ok(found)
}

/// Returns the numbers that are a contact's now, with the contact.
async fn owners(tx: &mut Tx, tenant: TenantId, numbers: &[String]) -> Result<Vec<(String, ContactId)>> {
    let mut written: HashMap<String, &String> = HashMap::new();
    for number in numbers {
        written.extend(forms(number).into_iter().map(|form| (form, number)));
    }
    let identity = |value: &String| Identity {
        tenant,
        kind: "phone",
        value: value.clone(),
    };
    let wanted: Vec<Identity> = written.keys().map(identity).collect();
    let known = contacts::identities(tx.on(), &wanted).await?;
    let live = known.into_iter().filter(|it| it.retired_at.is_none());
    let mut owners: Vec<_> = live
        .filter_map(|it| Some(((*written.get(&it.value)?).clone(), it.contact_id)))
        .collect();
    owners.sort();
    owners.dedup();
    Ok(owners)
}

/// Returns the ways to write a number.
fn forms(number: &str) -> Vec<String> {
    phone::variants(number).chain([number.to_owned()]).collect()
}

/// Returns whether the owner of the number wrote the message: it does not name another one.
fn has_written(message: &MessageTrace, forms: &[String]) -> bool {
    let from = message.sender.as_deref().unwrap_or_default().trim_start_matches('+');
    let names_another = !from.is_empty() && from.bytes().all(|byte| byte.is_ascii_digit()) && !is_among(forms, from);
    message.direction == Direction::Inbound && !names_another
}

/// Returns whether a message was sent to the number, and Meta has had it.
fn was_called(message: &MessageTrace, forms: &[String]) -> bool {
    let to = message.recipient.as_deref().unwrap_or_default().trim_start_matches('+');
    let is_decided = !matches!(
        message.status,
        Status::Queued | Status::Sending | Status::Unknown | Status::Canceled | Status::Expired
    );
    message.direction == Direction::Outbound && is_decided && is_among(forms, to)
}

fn is_among(forms: &[String], digits: &str) -> bool {
    forms.iter().any(|form| form == digits)
}

fn trace(message: &MessageTrace) -> Option<Trace> {
    let kind = match message.status {
        Status::Delivered => TraceKind::Delivered,
        Status::Read | Status::Played => TraceKind::Read,
        Status::Failed if message.error_code == Some(UNDELIVERABLE) => TraceKind::Undeliverable,
        _ => return None,
    };
    let (at, campaign) = (message.sent_at, message.campaign_id);
    Some(Trace { kind, at, campaign })
}
