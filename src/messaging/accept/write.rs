//! Writes one commit of accepted messages: contacts, conversations, messages, sends and idempotency keys.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    AcceptRequest, AcceptedSend, Address, IdempotencyKey, Refusal,
    check_templates::{CheckedTemplate, check_templates},
};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, RecipientKind, TenantId},
    messaging::store::{
        blocks::{self, BlockedContact},
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

/// How long an idempotency key is kept.
pub const KEY_KEPT: TimeDelta = idempotency::RETENTION;

/// The answer to a request.
type Answer = std::result::Result<AcceptedSend, Refusal>;

/// Stores the requests that can be accepted within the transaction, and answers each.
pub async fn accept(tx: &mut Tx, clock: &Clock, requests: &[AcceptRequest]) -> Result<Vec<Answer>> {
    let now = clock.now();
    let ids: Vec<MessageId> = requests.iter().map(|_| clock.new_id()).collect();
    let mut answers: Vec<Option<Answer>> = vec![None; requests.len()];
    replay_answers(tx, requests, &ids, now, &mut answers).await?;
    let checked = check_templates(tx, clock, requests, &mut answers).await?;
    let mut new_events = Vec::new();
    let mut people = resolve_recipients(tx, clock, requests, &checked, &mut answers, &mut new_events).await?;
    reject_blocked(tx, requests, &mut people, &mut answers).await?;
    let conversations = advance_conversations(tx, clock, requests, &checked, &people, &mut new_events).await?;
    let mut new = Vec::new();
    for (n, request) in requests.iter().enumerate() {
        let Some(ResolvedRecipient { contact, kind, value }) = people.get(&n) else {
            continue;
        };
        let conversation = conversations[&(request.channel, *contact)];
        answers[n] = Some(Ok(AcceptedSend {
            id: ids[n],
            channel: request.channel,
            conversation,
            contact: *contact,
            lane: request.lane,
            expires_at: request.expires_at,
            at: now,
            repeated: false,
        }));
        new.push(NewSend {
            tenant: request.tenant,
            id: ids[n],
            channel: request.channel,
            conversation,
            contact: *contact,
            lane: request.lane,
            recipient_kind: *kind,
            recipient: value.clone(),
            sender: request.sender.clone(),
            kind: request.kind,
            text: text(request, checked.get(&n)),
            content: &request.content,
            options: &request.options,
            context_wamid: request.context_wamid.clone(),
            expires_at: request.expires_at,
            at: now,
        });
    }
    sends::insert(&mut *tx, &new).await?;
    let refused = |(request, answer): (&AcceptRequest, &Option<_>)| {
        let key = request.idempotency.clone()?.key;
        let kept = matches!(answer, Some(Ok(_)) | Some(Err(Refusal::KeyReused)));
        (!kept).then_some((request.tenant, key))
    };
    let refused: Vec<_> = requests.iter().zip(&answers).filter_map(refused).collect();
    idempotency::release(&mut *tx, &refused).await?;
    events::append(tx, &new_events, now).await?;
    let answered = answers
        .into_iter()
        .map(|answer| answer.unwrap_or(Err(Refusal::Internal)));
    Ok(answered.collect())
}

/// Answers the requests whose key was used before, and claims the keys of the others.
async fn replay_answers(
    tx: &mut Tx,
    requests: &[AcceptRequest],
    ids: &[MessageId],
    now: DateTime<Utc>,
    answers: &mut [Option<Answer>],
) -> Result<()> {
    let keyed = |(request, id): (&AcceptRequest, &MessageId)| {
        let IdempotencyKey { key, digest } = request.idempotency.clone()?;
        let (tenant, message) = (request.tenant, *id);
        Some(KeyedRequest {
            tenant,
            key,
            digest,
            message,
        })
    };
    let keyed: Vec<KeyedRequest> = requests.iter().zip(ids).filter_map(keyed).collect();
    let holders: HashMap<(TenantId, String), (Vec<u8>, MessageId)> =
        idempotency::claim(&mut *tx, &keyed, now - KEY_KEPT, now)
            .await?
            .into_iter()
            .map(|it| ((it.tenant_id, it.key), (it.digest, it.message_id)))
            .collect();
    for (n, request) in requests.iter().enumerate() {
        let Some(IdempotencyKey { key, digest }) = &request.idempotency else {
            continue;
        };
        let Some((held, message)) = holders.get(&(request.tenant, key.clone())) else {
            continue;
        };
        if held != digest {
            answers[n] = Some(Err(Refusal::KeyReused));
        } else if *message != ids[n] {
            answers[n] = Some(match sends::find_queued(&mut *tx, request.tenant, *message).await? {
                Some(row) => Ok(AcceptedSend::repeated(*message, row)),
                // Two requests with one key in one commit: the other one has claimed it.
                None => return Err(conflict_error()),
            });
        }
    }
    Ok(())
}

struct ResolvedRecipient {
    contact: ContactId,
    kind: RecipientKind,
    value: String,
}

/// Resolves the recipient of each unanswered request. Rejects contacts without a usable address, and recipients that a template of its
/// category may not be sent to.
async fn resolve_recipients(
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
async fn reject_blocked(
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
    let blocked = blocks::among(tx, &pairs).await?;
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
        Ok(ResolvedRecipient { contact, kind, value })
    }))
}

/// Returns the text for previews.
fn text<'a>(request: &'a AcceptRequest, template: Option<&'a CheckedTemplate>) -> Option<&'a str> {
    template
        .and_then(|template| template.text.as_deref())
        .or(request.text.as_deref())
}

/// Finds or opens the conversations, and makes the newest message of each its latest.
async fn advance_conversations(
    tx: &mut Tx,
    clock: &Clock,
    requests: &[AcceptRequest],
    checked: &HashMap<usize, CheckedTemplate>,
    people: &HashMap<usize, ResolvedRecipient>,
    new_events: &mut Vec<NewEvent>,
) -> Result<HashMap<(ChannelId, ContactId), ConversationId>> {
    let now = clock.now();
    let mut heads: BTreeMap<ConversationKey, (&AcceptRequest, Option<&str>)> = BTreeMap::new();
    for (n, request) in requests.iter().enumerate() {
        if let Some(addressed) = people.get(&n) {
            let pair = ConversationKey {
                tenant: request.tenant,
                channel: request.channel,
                contact: addressed.contact,
            };
            heads.insert(pair, (request, text(request, checked.get(&n))));
        }
    }
    let step = |pair: ConversationKey, conversation: ConversationId| {
        let (request, text) = heads[&pair];
        ConversationUpdate {
            tenant: pair.tenant,
            conversation,
            channel: pair.channel,
            contact: pair.contact,
            at: now,
            wamid: String::new(),
            direction: Direction::Outbound,
            kind: request.kind.to_owned(),
            text: text.map(conversations::preview),
            window_expires_at: None,
            unread: 0,
        }
    };
    let pairs: Vec<ConversationKey> = heads.keys().copied().collect();
    let first = |pair| {
        let conversation = clock.new_id();
        new_events.push(conversations::opened_event(clock, pair, conversation, now));
        step(pair, conversation)
    };
    let found = conversations::lock_or_open(tx, &pairs, &[], now, first).await?;
    let known = |pair: &ConversationKey| found[&(pair.channel, pair.contact)];
    let mut steps: Vec<ConversationUpdate> = pairs.iter().map(|pair| step(*pair, known(pair))).collect();
    steps.sort_by_key(|step| step.conversation);
    conversations::advance(tx, &steps, now).await?;
    Ok(found)
}
