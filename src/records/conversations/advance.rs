use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    db::{On, Result, Rows, Tx, conflict_error},
    domain::{ChannelId, ContactId, ConversationId, Direction, Id, TenantId},
    events::conversation::{OPENED, Opened},
    records::{events::NewEvent, lock_order::Stage},
};

/// What makes a conversation: there is one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub contact: ContactId,
}

#[derive(sqlx::FromRow)]
struct Found {
    id: ConversationId,
    channel_id: ChannelId,
    contact_id: ContactId,
}

/// The conversations of these pairs. Those that there are, locked; the others are made, each with its first step, which names its id. Locks
/// those of `also` besides, as far as there are any.
pub async fn lock_or_open(
    tx: &mut Tx,
    (pairs, also): (&[Pair], &[Pair]),
    now: DateTime<Utc>,
    mut first: impl FnMut(Pair) -> Advance,
) -> Result<HashMap<(ChannelId, ContactId), ConversationId>> {
    let found = match also.is_empty() {
        true => lock(tx, pairs).await?,
        false => lock(tx, &[pairs, also].concat()).await?,
    };
    let mut known: HashMap<_, _> = found
        .into_iter()
        .map(|it| ((it.channel_id, it.contact_id), it.id))
        .collect();
    let mut missing = Vec::new();
    for pair in pairs {
        if let Entry::Vacant(place) = known.entry((pair.channel, pair.contact)) {
            let step = first(*pair);
            place.insert(step.conversation);
            missing.push(step);
        }
    }
    if open(tx, &missing, now).await? != missing.len() as u64 {
        return Err(conflict_error());
    }
    Ok(known)
}

/// Locks the conversations that there are of these pairs.
pub async fn lock_existing(tx: &mut Tx, pairs: &[Pair]) -> Result<()> {
    if !pairs.is_empty() {
        lock(tx, pairs).await?;
    }
    Ok(())
}

/// The conversations that there are of these pairs.
pub async fn find_existing(on: impl Into<On<'_>>, pairs: &[Pair]) -> Result<HashMap<(ChannelId, ContactId), ConversationId>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows})
        SELECT c.id, c.channel_id, c.contact_id
        FROM r CROSS JOIN conversations c
        WHERE c.channel_id = r.channel_id AND c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id";
    let row = |pair: &Pair| (pair.tenant.uuid(), pair.channel.uuid(), pair.contact.uuid());
    let found: Vec<Found> = Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await?;
    Ok(found
        .into_iter()
        .map(|it| ((it.channel_id, it.contact_id), it.id))
        .collect())
}

/// Finds the conversations of these pairs and holds them until the transaction ends, in one order for everybody, so that what
/// happens in one conversation happens one after the other and two transactions cannot wait for each other.
async fn lock(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<Found>> {
    Stage::Conversations.reach(tx);
    const SQLITE: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows})
        SELECT c.id, c.channel_id, c.contact_id
        FROM r CROSS JOIN conversations c
        WHERE c.channel_id = r.channel_id AND c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id";
    // No planner can make a join of a subquery that locks: each row is found by its key, in the order of the ids. The pair is looked
    // up without its tenant, so that nobody thinks of reading all keys of the tenant for it.
    const POSTGRES: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows}),
        k AS MATERIALIZED (
            SELECT r.tenant_id, (SELECT c.id FROM conversations c
                WHERE c.contact_id = r.contact_id AND c.channel_id = r.channel_id) AS id
            FROM r
            ORDER BY id)
        SELECT o.id, o.channel_id, o.contact_id
        FROM k CROSS JOIN LATERAL (
            SELECT c.id, c.channel_id, c.contact_id FROM conversations c
            WHERE c.tenant_id = k.tenant_id AND c.id = k.id
            FOR UPDATE) o";
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let row = |pair: &Pair| (pair.tenant.uuid(), pair.channel.uuid(), pair.contact.uuid());
    Rows::new(sql, pairs.iter().map(row).collect()).all(tx).await
}

/// What is told of a conversation that was opened.
pub fn opened_event(clock: &Clock, pair: Pair, conversation: ConversationId, at: DateTime<Utc>) -> NewEvent {
    let data = Opened {
        conversation_id: conversation,
        channel_id: pair.channel,
        contact_id: pair.contact,
    };
    NewEvent::new(clock, pair.tenant, &OPENED, at, &data).within(pair.channel, conversation)
}

/// Characters of a message shown in the list of conversations.
const PREVIEW: usize = 200;

/// What the list of conversations shows of a text.
pub fn preview(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}

/// What messages do to a conversation: the newest of them, how many are unread, how long the service window stays open.
#[derive(Clone, Debug)]
pub struct Advance {
    pub tenant: TenantId,
    pub conversation: ConversationId,
    pub channel: ChannelId,
    pub contact: ContactId,
    pub at: DateTime<Utc>,
    pub wamid: String,
    pub direction: Direction,
    pub kind: String,
    pub text: Option<String>,
    pub window_expires_at: Option<DateTime<Utc>>,
    pub unread: i64,
}

/// Makes the conversations that do not exist yet. Fewer rows than asked for means that somebody else was quicker.
async fn open(on: impl Into<On<'_>>, first: &[Advance], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, channel_id, contact_id, at, wamid, direction, type, now) AS ({rows})
        INSERT INTO conversations (tenant_id, id, channel_id, contact_id, last_message_at, last_message_wamid,
            last_message_direction, last_message_type, unread_count, created_at, updated_at)
        SELECT tenant_id, id, channel_id, contact_id, at, wamid, direction, type, 0, now, now FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let row = |it: &Advance| {
        let keys = (
            it.tenant.uuid(),
            it.conversation.uuid(),
            it.channel.uuid(),
            it.contact.uuid(),
        );
        // The least time there is: the first real message replaces it.
        let (at, wamid) = (DateTime::<Utc>::UNIX_EPOCH, String::new());
        (
            keys.0,
            keys.1,
            keys.2,
            keys.3,
            at,
            wamid,
            it.direction,
            it.kind.clone(),
            now,
        )
    };
    Rows::new(SQL, first.iter().map(row).collect()).run(on).await
}

/// Moves conversations forward. The newest message is the one with the greatest (time, wamid), whatever came first.
pub async fn advance(on: impl Into<On<'_>>, steps: &[Advance], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, at, wamid, direction, type, text, window_at, unread, now) AS ({rows})
        UPDATE conversations
        SET last_message_direction = CASE WHEN (r.at, r.wamid) >= (last_message_at, last_message_wamid)
                THEN r.direction ELSE last_message_direction END,
            last_message_type = CASE WHEN (r.at, r.wamid) >= (last_message_at, last_message_wamid)
                THEN r.type ELSE last_message_type END,
            last_message_text = CASE WHEN (r.at, r.wamid) >= (last_message_at, last_message_wamid)
                THEN r.text ELSE last_message_text END,
            last_message_wamid = CASE WHEN (r.at, r.wamid) >= (last_message_at, last_message_wamid)
                THEN r.wamid ELSE last_message_wamid END,
            last_message_at = CASE WHEN r.at >= last_message_at THEN r.at ELSE last_message_at END,
            window_expires_at = CASE WHEN r.window_at IS NOT NULL
                    AND (window_expires_at IS NULL OR window_expires_at < r.window_at)
                THEN r.window_at ELSE window_expires_at END,
            unread_count = unread_count + r.unread,
            updated_at = r.now
        FROM r
        WHERE conversations.tenant_id = r.tenant_id AND conversations.id = r.id";
    let row = |it: &Advance| {
        let (tenant, id) = (it.tenant.uuid(), it.conversation.uuid());
        let what = (it.direction, it.kind.clone(), it.text.clone());
        (
            tenant,
            id,
            it.at,
            it.wamid.clone(),
            what.0,
            what.1,
            what.2,
            it.window_expires_at,
            it.unread,
            now,
        )
    };
    Rows::new(SQL, steps.iter().map(row).collect()).run(on).await
}

/// A conversation that Meta says has no open window.
#[derive(Clone, Debug)]
pub struct ClosedWindow {
    pub tenant: TenantId,
    pub conversation: ConversationId,
    /// When the message was sent that found the window closed.
    pub at: DateTime<Utc>,
    /// The latest end of a window that was open then: one that ends later was opened since.
    pub latest: DateTime<Utc>,
}

/// Closes windows as of a time, unless the customer has written since.
pub async fn close_windows(on: impl Into<On<'_>>, closed: &[ClosedWindow], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, at, latest, now) AS ({rows})
        UPDATE conversations SET window_expires_at = r.at, updated_at = r.now
        FROM r
        WHERE conversations.tenant_id = r.tenant_id AND conversations.id = r.id
            AND conversations.window_expires_at > r.at AND conversations.window_expires_at <= r.latest";
    let row = |it: &ClosedWindow| (it.tenant.uuid(), it.conversation.uuid(), it.at, it.latest, now);
    Rows::new(SQL, closed.iter().map(row).collect()).run(on).await
}
