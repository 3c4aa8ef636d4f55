//! Writes one commit of accepted messages: contacts, conversations, messages, sends and idempotency keys.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    AcceptRequest, AcceptedSend, IdempotencyKey, Refusal,
    check_templates::{CheckedTemplate, check_templates},
    resolve::{ResolvedRecipient, reject_blocked, resolve_recipients},
    windows::reject_outside_windows,
};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, TenantId},
    messaging::store::sends::{self, NewSend},
    records::{
        conversations::{self, ConversationKey, ConversationUpdate},
        events::{self, NewEvent},
        idempotency::{self, KeyedRequest},
    },
};

/// How long an idempotency key is kept.
pub(crate) const KEY_KEPT: TimeDelta = idempotency::RETENTION;

/// The answer to a request.
pub(super) type Answer = std::result::Result<AcceptedSend, Refusal>;

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
    reject_outside_windows(tx, requests, &mut people, now, &mut answers).await?;
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
            created_by: request.created_by,
            labels: &request.labels,
            batch: request.batch,
            template: request.template.as_ref().map(|it| it.template.name.as_str()),
            campaign: None,
            due_at: now,
        });
    }
    sends::insert(tx.on(), &new).await?;
    let refused = |(request, answer): (&AcceptRequest, &Option<_>)| {
        let key = request.idempotency.clone()?.key;
        let kept = matches!(answer, Some(Ok(_)) | Some(Err(Refusal::KeyReused)));
        (!kept).then_some((request.tenant, key))
    };
    let refused: Vec<_> = requests.iter().zip(&answers).filter_map(refused).collect();
    idempotency::release(tx.on(), &refused).await?;
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
        idempotency::claim(tx.on(), &keyed, now - KEY_KEPT, now)
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
            answers[n] = Some(match sends::find_queued(tx.on(), request.tenant, *message).await? {
                Some(row) => Ok(AcceptedSend::repeated(*message, row)),
                // Two requests with one key in one commit: the other one has claimed it.
                None => return Err(conflict_error()),
            });
        }
    }
    Ok(())
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
        let opened = conversations::opened_event(clock, pair, conversation, now);
        new_events.push(opened.by(heads[&pair].0.created_by));
        step(pair, conversation)
    };
    let locked = conversations::lock_or_open(tx, &pairs, &[], now, first).await?;
    for it in locked.of_campaigns.iter().filter(|it| it.is_silent) {
        let pair = pairs
            .iter()
            .find(|pair| (pair.channel, pair.contact) == (it.channel, it.contact));
        let opened = pair.map(|pair| {
            let opened = conversations::opened_event(clock, *pair, it.id, now);
            opened.by(heads[pair].0.created_by)
        });
        new_events.extend(opened);
    }
    let found = locked.ids;
    let known = |pair: &ConversationKey| found[&(pair.channel, pair.contact)];
    let mut steps: Vec<ConversationUpdate> = pairs.iter().map(|pair| step(*pair, known(pair))).collect();
    steps.sort_by_key(|step| step.conversation);
    conversations::advance(tx.on(), &steps, now).await?;
    Ok(found)
}
