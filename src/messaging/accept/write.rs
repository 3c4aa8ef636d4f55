//! What one commit holds: contacts and conversations found or made, messages, the work of sending them, and the keys of those who ask.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Address, Ask, Queued, Refusal,
    admit::{Fit, admit},
};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, RecipientKind, TenantId},
    messaging::store::{
        blocks::{self, Block},
        sends::{self, NewSend},
    },
    people::{self, Party},
    records::{
        contacts,
        conversations::{self, ConversationKey, ConversationUpdate},
        events::{self, NewEvent},
        idempotency::{self, KeyedRequest},
    },
    templates::check_recipient,
};

/// How long a key stands for its message.
pub const KEY_KEPT: TimeDelta = idempotency::RETENTION;

/// Stores those asks that can be, inside the transaction, and answers each.
pub async fn accept(tx: &mut Tx, clock: &Clock, asks: &[Ask]) -> Result<Vec<std::result::Result<Queued, Refusal>>> {
    let now = clock.now();
    let ids: Vec<MessageId> = asks.iter().map(|_| clock.new_id()).collect();
    let mut answers: Vec<Option<std::result::Result<Queued, Refusal>>> = vec![None; asks.len()];
    repeat(tx, asks, &ids, now, &mut answers).await?;
    let fits = admit(tx, clock, asks, &mut answers).await?;
    let mut told = Vec::new();
    let mut people = address(tx, clock, asks, &fits, &mut answers, &mut told).await?;
    refuse_blocked(tx, asks, &mut people, &mut answers).await?;
    let conversations = converse(tx, clock, asks, &fits, &people, &mut told).await?;
    let mut new = Vec::new();
    for (n, ask) in asks.iter().enumerate() {
        let Some(Addressed { contact, kind, value }) = people.get(&n) else {
            continue;
        };
        let conversation = conversations[&(ask.channel, *contact)];
        answers[n] = Some(Ok(Queued {
            id: ids[n],
            channel: ask.channel,
            conversation,
            contact: *contact,
            lane: ask.lane,
            expires_at: ask.expires_at,
            at: now,
            repeated: false,
        }));
        new.push(NewSend {
            tenant: ask.tenant,
            id: ids[n],
            channel: ask.channel,
            conversation,
            contact: *contact,
            lane: ask.lane,
            recipient_kind: *kind,
            recipient: value.clone(),
            sender: ask.sender.clone(),
            kind: ask.kind,
            text: text(ask, fits.get(&n)),
            content: &ask.content,
            options: &ask.options,
            context_wamid: ask.context_wamid.clone(),
            expires_at: ask.expires_at,
            at: now,
        });
    }
    sends::insert(&mut *tx, &new).await?;
    let refused = |(ask, answer): (&Ask, &Option<_>)| {
        let (key, _) = ask.idempotency.clone()?;
        let kept = matches!(answer, Some(Ok(_)) | Some(Err(Refusal::KeyReused)));
        (!kept).then_some((ask.tenant, key))
    };
    let refused: Vec<_> = asks.iter().zip(&answers).filter_map(refused).collect();
    idempotency::release(&mut *tx, &refused).await?;
    events::append(tx, &told, now).await?;
    let answered = answers
        .into_iter()
        .map(|answer| answer.unwrap_or(Err(Refusal::Internal)));
    Ok(answered.collect())
}

/// Answers those whose key was used before. The keys of the others are theirs now.
async fn repeat(
    tx: &mut Tx,
    asks: &[Ask],
    ids: &[MessageId],
    now: DateTime<Utc>,
    answers: &mut [Option<std::result::Result<Queued, Refusal>>],
) -> Result<()> {
    let keyed = |(ask, id): (&Ask, &MessageId)| {
        let (key, digest) = ask.idempotency.clone()?;
        let (tenant, message) = (ask.tenant, *id);
        Some(KeyedRequest {
            tenant,
            key,
            digest,
            message,
        })
    };
    let keyed: Vec<KeyedRequest> = asks.iter().zip(ids).filter_map(keyed).collect();
    let holders: HashMap<(TenantId, String), (Vec<u8>, MessageId)> =
        idempotency::claim(&mut *tx, &keyed, now - KEY_KEPT, now)
            .await?
            .into_iter()
            .map(|it| ((it.tenant_id, it.key), (it.digest, it.message_id)))
            .collect();
    for (n, ask) in asks.iter().enumerate() {
        let Some((key, digest)) = &ask.idempotency else {
            continue;
        };
        let Some((held, message)) = holders.get(&(ask.tenant, key.clone())) else {
            continue;
        };
        if held != digest {
            answers[n] = Some(Err(Refusal::KeyReused));
        } else if *message != ids[n] {
            answers[n] = Some(match sends::find_queued(&mut *tx, ask.tenant, *message).await? {
                Some(row) => Ok(Queued::again(*message, row)),
                // Two requests with one key in one commit: the other of them has it.
                None => return Err(conflict_error()),
            });
        }
    }
    Ok(())
}

struct Addressed {
    contact: ContactId,
    kind: RecipientKind,
    value: String,
}

/// Whom each unanswered ask is for. Those known by nothing usable are refused, and those whom a template of its category does not reach.
async fn address(
    tx: &mut Tx,
    clock: &Clock,
    asks: &[Ask],
    fits: &HashMap<usize, Fit>,
    answers: &mut [Option<std::result::Result<Queued, Refusal>>],
    told: &mut Vec<NewEvent>,
) -> Result<HashMap<usize, Addressed>> {
    let now = clock.now();
    let mut people = HashMap::new();
    // Contacts named by their ids must not be merged away before the commit.
    let named = asks.iter().filter(|ask| matches!(ask.to, Address::Contact(_)));
    contacts::lock_tenants(tx, named.map(|ask| ask.tenant)).await?;
    let reached = |n: usize, kind: RecipientKind| {
        check_recipient(fits.get(&n).and_then(|fit| fit.category.as_deref()), kind.as_str())
    };
    let (mut parties, mut of_party) = (Vec::new(), Vec::new());
    for (n, ask) in asks.iter().enumerate() {
        if answers[n].is_some() {
            continue;
        }
        if ask.expires_at.is_some_and(|at| at <= now) {
            answers[n] = Some(Err(Refusal::Expired));
            continue;
        }
        if let Some(invalid) = &ask.invalid {
            answers[n] = Some(Err(Refusal::Invalid(invalid.clone())));
            continue;
        }
        let (kind, value) = match &ask.to {
            Address::Phone(digits) => (RecipientKind::Phone, digits),
            Address::UserId(id) => (RecipientKind::UserId, id),
            Address::Group(id) => (RecipientKind::Group, id),
            Address::Contact(contact) => {
                match known(tx, ask.tenant, *contact).await? {
                    Ok(addressed) => match reached(n, addressed.kind) {
                        Ok(()) => drop(people.insert(n, addressed)),
                        Err(unfit) => answers[n] = Some(Err(unfit.into())),
                    },
                    Err(refusal) => answers[n] = Some(Err(refusal)),
                }
                continue;
            }
        };
        if let Err(unfit) = reached(n, kind) {
            answers[n] = Some(Err(unfit.into()));
            continue;
        }
        parties.push(Party::addressed(ask.tenant, kind.as_str(), value, now));
        of_party.push((n, kind, value.clone()));
    }
    let resolved = people::resolve(tx, clock, &parties, &[]).await?;
    told.extend(people::events_for(clock, &resolved));
    for ((n, kind, value), contact) in of_party.into_iter().zip(resolved.contacts) {
        people.insert(n, Addressed { contact, kind, value });
    }
    Ok(people)
}

/// Refuses those for people whom the business has blocked.
async fn refuse_blocked(
    tx: &mut Tx,
    asks: &[Ask],
    people: &mut HashMap<usize, Addressed>,
    answers: &mut [Option<std::result::Result<Queued, Refusal>>],
) -> Result<()> {
    let pair = |(n, addressed): (&usize, &Addressed)| Block {
        tenant: asks[*n].tenant,
        channel: asks[*n].channel,
        contact: addressed.contact,
    };
    let pairs: Vec<Block> = people.iter().map(pair).collect();
    let blocked = blocks::among(tx, &pairs).await?;
    if blocked.is_empty() {
        return Ok(());
    }
    people.retain(|n, addressed| {
        let is_blocked = blocked.contains(&(asks[*n].channel, addressed.contact));
        if is_blocked {
            answers[*n] = Some(Err(Refusal::Blocked(addressed.contact)));
        }
        !is_blocked
    });
    Ok(())
}

/// The strongest identity of a contact that a message can be sent to: a phone number works for every kind of message.
async fn known(tx: &mut Tx, tenant: TenantId, contact: ContactId) -> Result<std::result::Result<Addressed, Refusal>> {
    if contacts::find(&mut *tx, tenant, contact).await?.is_none() {
        return Ok(Err(Refusal::NoSuchContact(contact)));
    }
    let identities = contacts::list_identities(&mut *tx, tenant, &[contact]).await?;
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
        Ok(Addressed { contact, kind, value })
    }))
}

/// What a person would read of it.
fn text<'a>(ask: &'a Ask, fit: Option<&'a Fit>) -> Option<&'a str> {
    fit.and_then(|fit| fit.text.as_deref()).or(ask.text.as_deref())
}

/// Finds or opens the conversations, and puts the newest message of each at its head.
async fn converse(
    tx: &mut Tx,
    clock: &Clock,
    asks: &[Ask],
    fits: &HashMap<usize, Fit>,
    people: &HashMap<usize, Addressed>,
    told: &mut Vec<NewEvent>,
) -> Result<HashMap<(ChannelId, ContactId), ConversationId>> {
    let now = clock.now();
    let mut heads: BTreeMap<ConversationKey, (&Ask, Option<&str>)> = BTreeMap::new();
    for (n, ask) in asks.iter().enumerate() {
        if let Some(addressed) = people.get(&n) {
            let pair = ConversationKey {
                tenant: ask.tenant,
                channel: ask.channel,
                contact: addressed.contact,
            };
            heads.insert(pair, (ask, text(ask, fits.get(&n))));
        }
    }
    let step = |pair: ConversationKey, conversation: ConversationId| {
        let (ask, text) = heads[&pair];
        ConversationUpdate {
            tenant: pair.tenant,
            conversation,
            channel: pair.channel,
            contact: pair.contact,
            at: now,
            wamid: String::new(),
            direction: Direction::Outbound,
            kind: ask.kind.to_owned(),
            text: text.map(conversations::preview),
            window_expires_at: None,
            unread: 0,
        }
    };
    let pairs: Vec<ConversationKey> = heads.keys().copied().collect();
    let first = |pair| {
        let conversation = clock.new_id();
        told.push(conversations::opened_event(clock, pair, conversation, now));
        step(pair, conversation)
    };
    let found = conversations::lock_or_open(tx, &pairs, &[], now, first).await?;
    let known = |pair: &ConversationKey| found[&(pair.channel, pair.contact)];
    let mut steps: Vec<ConversationUpdate> = pairs.iter().map(|pair| step(*pair, known(pair))).collect();
    steps.sort_by_key(|step| step.conversation);
    conversations::advance(tx, &steps, now).await?;
    Ok(found)
}
