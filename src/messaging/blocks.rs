//! Customers whom a business blocks: Meta does it, and our books keep who, so that nobody tries to write to them.

use crate::{
    clock::Clock,
    db::{Result, Tx, retry_conflicts},
    directory::Route,
    domain::{ContactId, TenantId},
    events::{EventType, contact},
    messaging::MessagingService,
    messaging::{
        accept::Address,
        store::blocks::{self, Block},
    },
    meta::graph::{self, BlockedPage},
    people::{self, Party},
    records::{
        contacts::{self, Identity},
        events::{self, NewEvent},
    },
};

use super::ControlError;

/// What is to become of customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    Block,
    Unblock,
}

/// What became of one of them.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// `None` for somebody who is not known here.
    pub contact: Option<ContactId>,
    /// Meta's code and words, or ours, when it was not done.
    pub refused: Option<(Option<i64>, String)>,
}

/// Somebody on Meta's list, and who that is here.
#[derive(Clone, Debug)]
pub struct Listed {
    pub contact: Option<ContactId>,
    pub phone: Option<String>,
    pub user_id: Option<String>,
}

/// Blocks or unblocks customers on a number, up to 1,000, and answers for each.
pub async fn change_blocks(
    service: &MessagingService,
    route: &Route,
    people: &[Address],
    blocking: Blocking,
) -> std::result::Result<Vec<Blocked>, ControlError> {
    let access = route.access().ok_or(ControlError::NoToken)?;
    let mut named = Vec::with_capacity(people.len());
    for address in people {
        named.push(person(service, route.tenant, address).await?);
    }
    let mut asked: Vec<graph::BlockTarget> = named.iter().flatten().cloned().collect();
    asked.sort();
    asked.dedup();
    let changes = match (asked.is_empty(), blocking) {
        (true, _) => Vec::new(),
        (false, Blocking::Block) => service.graph.block_users(access, &asked).await?,
        (false, Blocking::Unblock) => service.graph.unblock_users(access, &asked).await?,
    };
    let done: Vec<&graph::BlockResult> = changes.iter().filter(|it| it.error.is_none()).collect();
    let contacts = keep(service, route, &done, blocking).await?;
    let answer = |(address, person): (&Address, &Option<graph::BlockTarget>)| {
        let known = match address {
            Address::Contact(contact) => Some(*contact),
            _ => None,
        };
        let Some(person) = person else {
            let why = "neither a phone number nor a user id is known of the contact".to_owned();
            return Blocked {
                contact: known,
                refused: Some((None, why)),
            };
        };
        let contact = done
            .iter()
            .position(|it| it.target == *person)
            .map(|place| contacts[place]);
        let refused = changes
            .iter()
            .find(|it| it.target == *person)
            .and_then(|it| it.error.clone());
        Blocked {
            contact: contact.or(known),
            refused: refused.map(|(code, why)| (Some(code), why)),
        }
    };
    Ok(people.iter().zip(&named).map(answer).collect())
}

/// A page of those whom Meta has on its list. Those we did not know to be blocked are kept.
pub async fn blocked(
    service: &MessagingService,
    route: &Route,
    limit: i64,
    after: Option<&str>,
) -> std::result::Result<(Vec<Listed>, Option<String>), ControlError> {
    let access = route.access().ok_or(ControlError::NoToken)?;
    let BlockedPage { users: people, after } = service.graph.blocked_users(access, limit, after).await?;
    let tenant = route.tenant;
    let identity = |kind, value: &Option<String>| value.clone().map(|value| Identity { tenant, kind, value });
    let mut wanted: Vec<Identity> = people
        .iter()
        .flat_map(|it| [identity("phone", &it.phone), identity("user_id", &it.user_id)])
        .flatten()
        .collect();
    wanted.sort();
    wanted.dedup();
    let mut tx = service.db.begin().await?;
    let known = contacts::identities(&mut tx, &wanted).await?;
    let contact = |kind: &str, value: &Option<String>| {
        let is = |it: &&contacts::KnownIdentity| {
            it.retired_at.is_none() && it.kind == kind && Some(&it.value) == value.as_ref()
        };
        known.iter().find(is).map(|it| it.contact_id)
    };
    let listed: Vec<Listed> = people
        .into_iter()
        .map(|it| Listed {
            contact: contact("user_id", &it.user_id).or_else(|| contact("phone", &it.phone)),
            phone: it.phone,
            user_id: it.user_id,
        })
        .collect();
    let mut found: Vec<Block> = listed.iter().filter_map(|it| Some(block(route, it.contact?))).collect();
    found.sort();
    found.dedup();
    let now = service.clock.now();
    let new = blocks::add(&mut tx, &found, now).await?;
    let told: Vec<NewEvent> = new
        .iter()
        .map(|it| event(&service.clock, it, &contact::BLOCKED))
        .collect();
    events::append(&mut tx, &told, now).await?;
    tx.commit().await?;
    Ok((listed, after))
}

fn block(route: &Route, contact: ContactId) -> Block {
    Block {
        tenant: route.tenant,
        channel: route.channel,
        contact,
    }
}

/// As Meta names them; `None` for a contact of which nothing is known that Meta takes.
async fn person(service: &MessagingService, tenant: TenantId, address: &Address) -> Result<Option<graph::BlockTarget>> {
    Ok(match address {
        Address::Phone(digits) => Some(graph::BlockTarget::Phone(digits.clone())),
        Address::UserId(id) => Some(graph::BlockTarget::UserId(id.clone())),
        Address::Group(_) => None,
        Address::Contact(contact) => {
            let known = contacts::list_identities(service.db.reader(), tenant, &[*contact]).await?;
            let of = |kind| contacts::current_identity(&known, kind).map(str::to_owned);
            of("phone")
                .map(graph::BlockTarget::Phone)
                .or_else(|| of("user_id").map(graph::BlockTarget::UserId))
        }
    })
}

/// Writes down what Meta did, and tells of it; returns the contacts.
async fn keep(
    service: &MessagingService,
    route: &Route,
    done: &[&graph::BlockResult],
    blocking: Blocking,
) -> Result<Vec<ContactId>> {
    let now = service.clock.now();
    let identity = |person: &graph::BlockTarget| {
        let (kind, value) = match person {
            graph::BlockTarget::Phone(digits) => ("phone", digits),
            graph::BlockTarget::UserId(id) => ("user_id", id),
        };
        (kind, value.clone())
    };
    let party = |change: &&graph::BlockResult| {
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
    let keep = async || {
        let kept = service
            .db
            .transaction(async |tx: &mut Tx| keep_in(tx, service, (route, &parties), blocking).await)
            .await;
        people::after_merges(&service.db, &service.clock, kept).await
    };
    retry_conflicts(keep).await
}

async fn keep_in(
    tx: &mut Tx,
    service: &MessagingService,
    (route, parties): (&Route, &[Party]),
    blocking: Blocking,
) -> Result<Vec<ContactId>> {
    let now = service.clock.now();
    let resolved = people::resolve(tx, &service.clock, parties, &[]).await?;
    let mut told = people::events_for(&service.clock, &resolved);
    let contacts = resolved.contacts;
    let mut of: Vec<Block> = contacts.iter().map(|contact| block(route, *contact)).collect();
    of.sort();
    of.dedup();
    let (kind, changed) = match blocking {
        Blocking::Block => (&contact::BLOCKED, blocks::add(&mut *tx, &of, now).await?),
        Blocking::Unblock => (&contact::UNBLOCKED, blocks::remove(&mut *tx, &of).await?),
    };
    told.extend(changed.iter().map(|it| event(&service.clock, it, kind)));
    events::append(tx, &told, now).await?;
    Ok(contacts)
}

pub(super) fn event(clock: &Clock, it: &Block, of: &'static EventType) -> NewEvent {
    let data = contact::ContactBlock {
        contact_id: it.contact,
        channel_id: it.channel,
    };
    NewEvent::new(clock, it.tenant, of, clock.now(), &data).on(it.channel)
}
