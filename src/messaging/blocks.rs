//! Blocks and unblocks customers at Meta, and stores who is blocked so that sends to them are rejected.

use crate::{
    clock::Clock,
    contacts::people::{self, Party},
    db::{Result, Tx, retry_conflicts},
    directory::Route,
    domain::{ContactId, Ctx, TenantId},
    events::{EventType, contact},
    messaging::MessagingService,
    messaging::{
        accept::Address,
        store::blocks::{self, BlockedContact},
    },
    provider::{BlockResult, BlockTarget, BlockedPage},
    records::{
        contacts::{self, Identity},
        events::{self, NewEvent},
    },
};

use super::ControlError;

/// A change of Meta's block list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockAction {
    Block,
    Unblock,
}

/// The result for one customer.
#[derive(Clone, Debug)]
pub(crate) struct BlockOutcome {
    /// `None` if the customer is not a known contact.
    pub contact: Option<ContactId>,
    /// Code and message of Meta's error, or our message without a code, if the request failed.
    pub refused: Option<(Option<i64>, String)>,
}

/// An entry of Meta's block list, with the contact if it is known.
#[derive(Clone, Debug)]
pub(crate) struct BlockedCustomer {
    pub contact: Option<ContactId>,
    pub phone: Option<String>,
    pub user_id: Option<String>,
}

/// Blocks or unblocks up to 1,000 customers on a number. Returns a result for each, in order.
pub(crate) async fn change_blocks(
    service: &MessagingService,
    ctx: &Ctx,
    route: &Route,
    people: &[Address],
    action: BlockAction,
) -> std::result::Result<Vec<BlockOutcome>, ControlError> {
    let mut named = Vec::with_capacity(people.len());
    for address in people {
        named.push(block_target(service, route.tenant, address).await?);
    }
    let mut asked: Vec<BlockTarget> = named.iter().flatten().cloned().collect();
    asked.sort();
    asked.dedup();
    let changes = match (asked.is_empty(), action) {
        (true, _) => Vec::new(),
        (false, BlockAction::Block) => service.providers.block(route, &asked).await?,
        (false, BlockAction::Unblock) => service.providers.unblock(route, &asked).await?,
    };
    let done: Vec<&BlockResult> = changes.iter().filter(|it| it.error.is_none()).collect();
    let contacts = store_changes(service, ctx, route, &done, action).await?;
    let answer = |(address, person): (&Address, &Option<BlockTarget>)| {
        let known = match address {
            Address::Contact(contact) => Some(*contact),
            _ => None,
        };
        let Some(person) = person else {
            let why = "the contact has neither a phone number nor a user id".to_owned();
            return BlockOutcome {
                contact: known,
                refused: Some((None, why)),
            };
        };
        let contact = done
            .iter()
            .position(|it| it.target == *person)
            .map(|position| contacts[position]);
        let refused = changes
            .iter()
            .find(|it| it.target == *person)
            .and_then(|it| it.error.clone());
        BlockOutcome {
            contact: contact.or(known),
            refused: refused.map(|(code, why)| (Some(code), why)),
        }
    };
    Ok(people.iter().zip(&named).map(answer).collect())
}

/// Returns a page of Meta's block list and the cursor of the next one. Stores blocks that were not known here.
pub(crate) async fn list_blocked(
    service: &MessagingService,
    route: &Route,
    limit: i64,
    after: Option<&str>,
) -> std::result::Result<(Vec<BlockedCustomer>, Option<String>), ControlError> {
    let BlockedPage { users: people, after } = service.providers.blocked(route, limit, after).await?;
    let tenant = route.tenant;
    let identity = |kind, value: &Option<String>| value.clone().map(|value| Identity { tenant, kind, value });
    let mut wanted: Vec<Identity> = people
        .iter()
        .flat_map(|it| [identity("phone", &it.phone), identity("user_id", &it.user_id)])
        .flatten()
        .collect();
    wanted.sort();
    wanted.dedup();
    let mut tx = service.db.begin_as(tenant).await?;
    let known = contacts::identities(tx.on(), &wanted).await?;
    let contact = |kind: &str, value: &Option<String>| {
        let is = |it: &&contacts::KnownIdentity| {
            it.retired_at.is_none() && it.kind == kind && Some(&it.value) == value.as_ref()
        };
        known.iter().find(is).map(|it| it.contact_id)
    };
    let listed: Vec<BlockedCustomer> = people
        .into_iter()
        .map(|it| BlockedCustomer {
            contact: contact("user_id", &it.user_id).or_else(|| contact("phone", &it.phone)),
            phone: it.phone,
            user_id: it.user_id,
        })
        .collect();
    let mut found: Vec<BlockedContact> = listed.iter().filter_map(|it| Some(block(route, it.contact?))).collect();
    found.sort();
    found.dedup();
    let now = service.clock.now();
    let new = blocks::add(tx.on(), &found, now).await?;
    let new_events: Vec<NewEvent> = new
        .iter()
        .map(|it| event(&service.clock, it, &contact::BLOCKED))
        .collect();
    events::append(&mut tx, &new_events, now).await?;
    tx.commit().await?;
    Ok((listed, after))
}

fn block(route: &Route, contact: ContactId) -> BlockedContact {
    BlockedContact {
        tenant: route.tenant,
        channel: route.channel,
        contact,
    }
}

/// Returns the address by which Meta's block API knows the customer; `None` for a contact without a phone number or user id.
async fn block_target(service: &MessagingService, tenant: TenantId, address: &Address) -> Result<Option<BlockTarget>> {
    Ok(match address {
        Address::Phone(digits) => Some(BlockTarget::Phone(digits.clone())),
        Address::UserId(id) => Some(BlockTarget::UserId(id.clone())),
        Address::Group(_) => None,
        Address::Contact(contact) => {
            let known = contacts::list_identities(service.db.reader(), tenant, &[*contact]).await?;
            let of = |kind| contacts::current_identity(&known, kind).map(str::to_owned);
            of("phone")
                .map(BlockTarget::Phone)
                .or_else(|| of("user_id").map(BlockTarget::UserId))
        }
    })
}

/// Stores the changes that Meta confirmed, with their events. Returns the contacts in the order of `done`.
async fn store_changes(
    service: &MessagingService,
    ctx: &Ctx,
    route: &Route,
    done: &[&BlockResult],
    action: BlockAction,
) -> Result<Vec<ContactId>> {
    let now = service.clock.now();
    let identity = |person: &BlockTarget| {
        let (kind, value) = match person {
            BlockTarget::Phone(digits) => ("phone", digits),
            BlockTarget::UserId(id) => ("user_id", id),
        };
        (kind, value.clone())
    };
    let party = |change: &&BlockResult| {
        let (kind, value) = identity(&change.target);
        let mut party = Party::addressed(route.tenant, kind, &value, now);
        let also = change.other_ids.iter().map(identity);
        let tenant = route.tenant;
        party
            .identities
            .extend(also.map(|(kind, value)| Identity { tenant, kind, value }));
        party
    };
    let parties: Vec<Party> = done.iter().map(party).collect();
    let store = async || {
        let stored = service
            .db
            .transaction_as(ctx.tenant, async |tx: &mut Tx| {
                store_changes_in(tx, service, ctx, route, &parties, action).await
            })
            .await;
        people::after_merges(&service.db, &service.clock, stored).await
    };
    retry_conflicts(store).await
}

async fn store_changes_in(
    tx: &mut Tx,
    service: &MessagingService,
    ctx: &Ctx,
    route: &Route,
    parties: &[Party],
    action: BlockAction,
) -> Result<Vec<ContactId>> {
    let now = service.clock.now();
    let resolved = people::resolve(tx, &service.clock, parties, &[]).await?;
    let mut new_events = people::events_for(&service.clock, &resolved);
    let contacts = resolved.contacts;
    let mut blocked: Vec<BlockedContact> = contacts.iter().map(|contact| block(route, *contact)).collect();
    blocked.sort();
    blocked.dedup();
    let (kind, changed) = match action {
        BlockAction::Block => (&contact::BLOCKED, blocks::add(tx.on(), &blocked, now).await?),
        BlockAction::Unblock => (&contact::UNBLOCKED, blocks::remove(tx.on(), &blocked).await?),
    };
    let changed = changed.iter().map(|it| event(&service.clock, it, kind));
    new_events.extend(changed.map(|event| event.by(ctx.actor)));
    events::append(tx, &new_events, now).await?;
    Ok(contacts)
}

pub(super) fn event(clock: &Clock, it: &BlockedContact, of: &'static EventType) -> NewEvent {
    let data = contact::ContactBlock {
        contact_id: it.contact,
        channel_id: it.channel,
    };
    NewEvent::new(clock, it.tenant, of, clock.now(), &data).on(it.channel)
}
