//! Resolves the recipients of messages to contacts and addresses.

use std::collections::HashMap;

use super::{AcceptRequest, Address, Refusal, check_templates::CheckedTemplate, schedule, write::Answer};
use crate::{
    clock::Clock,
    contacts::people::{self, Party},
    db::{Result, Tx},
    domain::{ContactId, RecipientKind, TenantId},
    messaging::store::blocks::{self, BlockedContact},
    records::{contacts, events::NewEvent},
    templates::check_recipient,
};

/// A recipient with its contact, and the address to send to.
pub(super) struct ResolvedRecipient {
    pub(super) contact: ContactId,
    pub(super) kind: RecipientKind,
    pub(super) value: String,
}

/// Resolves the recipient of each unanswered request. Rejects contacts without a usable address, and recipients that a template of its
/// category may not be sent to.
pub(super) async fn resolve_recipients(
    tx: &mut Tx,
    clock: &Clock,
    requests: &[AcceptRequest],
    checked: &HashMap<usize, CheckedTemplate>,
    answers: &mut [Option<Answer>],
    new_events: &mut Vec<NewEvent>,
) -> Result<HashMap<usize, ResolvedRecipient>> {
    let now = clock.now();
    let mut people = HashMap::new();
    // Contacts given by id must not be merged into another before the commit.
    let named = requests
        .iter()
        .filter(|request| matches!(request.to, Address::Contact(_)));
    contacts::lock_tenants(tx, named.map(|request| request.tenant)).await?;
    let check_audience = |n: usize, kind: RecipientKind| {
        check_recipient(
            checked.get(&n).and_then(|template| template.category.as_deref()),
            kind.as_str(),
        )
    };
    let (mut parties, mut of_party) = (Vec::new(), Vec::new());
    for (n, request) in requests.iter().enumerate() {
        if answers[n].is_some() {
            continue;
        }
        if request.expires_at.is_some_and(|at| at <= now) {
            answers[n] = Some(Err(Refusal::Expired));
            continue;
        }
        if let Err(refusal) = schedule::check(request, now) {
            answers[n] = Some(Err(refusal));
            continue;
        }
        if let Some(invalid) = &request.invalid {
            answers[n] = Some(Err(Refusal::Invalid(invalid.clone())));
            continue;
        }
        let (kind, value) = match &request.to {
            Address::Phone(digits) => (RecipientKind::Phone, digits),
            Address::UserId(id) => (RecipientKind::UserId, id),
            Address::Group(id) => (RecipientKind::Group, id),
            Address::Contact(contact) => {
                match find_address(tx, request.tenant, *contact).await? {
                    Ok(addressed) => match check_audience(n, addressed.kind) {
                        Ok(()) => drop(people.insert(n, addressed)),
                        Err(error) => answers[n] = Some(Err(error.into())),
                    },
                    Err(refusal) => answers[n] = Some(Err(refusal)),
                }
                continue;
            }
        };
        if let Err(error) = check_audience(n, kind) {
            answers[n] = Some(Err(error.into()));
            continue;
        }
        parties.push(Party::addressed(request.tenant, kind.as_str(), value, now));
        of_party.push((n, kind, value.clone()));
    }
    let resolved = people::resolve(tx, clock, &parties, &[]).await?;
    new_events.extend(people::events_for(clock, &resolved));
    for ((n, kind, value), contact) in of_party.into_iter().zip(resolved.contacts) {
        people.insert(n, ResolvedRecipient { contact, kind, value });
    }
    Ok(people)
}

/// Rejects messages to contacts that the business has blocked.
pub(super) async fn reject_blocked(
    tx: &mut Tx,
    requests: &[AcceptRequest],
    people: &mut HashMap<usize, ResolvedRecipient>,
    answers: &mut [Option<Answer>],
) -> Result<()> {
    let pair = |(n, addressed): (&usize, &ResolvedRecipient)| BlockedContact {
        tenant: requests[*n].tenant,
        channel: requests[*n].channel,
        contact: addressed.contact,
    };
    let pairs: Vec<BlockedContact> = people.iter().map(pair).collect();
    let blocked = blocks::among(tx.on(), &pairs).await?;
    if blocked.is_empty() {
        return Ok(());
    }
    people.retain(|n, addressed| {
        let is_blocked = blocked.contains(&(requests[*n].channel, addressed.contact));
        if is_blocked {
            answers[*n] = Some(Err(Refusal::Blocked(addressed.contact)));
        }
        !is_blocked
    });
    Ok(())
}

/// Returns the strongest address of a contact. A phone number works for every kind of message.
async fn find_address(
    tx: &mut Tx,
    tenant: TenantId,
    contact: ContactId,
) -> Result<std::result::Result<ResolvedRecipient, Refusal>> {
    if contacts::find(tx.on(), tenant, contact).await?.is_none() {
        let into = contacts::redirect(tx.on(), tenant, contact).await?;
        return Ok(Err(into.map_or(Refusal::NoSuchContact(contact), |into| {
            Refusal::Merged(contact, into)
        })));
    }
    let identities = contacts::list_identities(tx.on(), tenant, &[contact]).await?;
    let live = |kind: &RecipientKind| {
        Some((
            *kind,
            contacts::current_identity(&identities, kind.as_str())?.to_owned(),
        ))
    };
    let found = [RecipientKind::Phone, RecipientKind::UserId, RecipientKind::Group]
        .iter()
        .find_map(live);
    Ok(found.map_or(Err(Refusal::NoAddress(contact)), |(kind, value)| {
        Ok(ResolvedRecipient { contact, kind, value })
    }))
}
