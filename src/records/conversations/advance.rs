//! Opens, locks and updates conversations.

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    db::{On, Result, Rows, Tx, conflict_error},
    domain::{ChannelId, ContactId, ConversationId, Direction, Id, MessageId, TenantId},
    events::conversation::{OPENED, Opened},
    records::{events::NewEvent, lock_order::Stage},
};

/// The key of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub contact: ContactId,
}

#[derive(sqlx::FromRow)]
struct Found {
    id: ConversationId,
    channel_id: ChannelId,
    contact_id: ContactId,
    last_message_at: DateTime<Utc>,
    campaign_message_id: Option<MessageId>,
    campaign_message_at: Option<DateTime<Utc>>,
}

impl Found {
    fn of_campaign(&self) -> Option<CampaignConversation> {
        let is_silent = self.last_message_at == DateTime::<Utc>::UNIX_EPOCH;
        (is_silent || self.campaign_message_id.is_some()).then(|| CampaignConversation {
            id: self.id,
            channel: self.channel_id,
            contact: self.contact_id,
            message: self.campaign_message_id.zip(self.campaign_message_at),
            is_silent,
        })
    }
}

/// A conversation that has messages of campaigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CampaignConversation {
    pub id: ConversationId,
    pub channel: ChannelId,
    pub contact: ContactId,
    /// The last campaign message, while nobody has answered it, and when it was made.
    pub message: Option<(MessageId, DateTime<Utc>)>,
    /// Whether there is nothing but messages of campaigns in it: it was not announced yet.
    pub is_silent: bool,
}

/// Locked conversations.
pub struct LockedConversations {
    pub ids: HashMap<(ChannelId, ContactId), ConversationId>,
    /// Those that existed and have messages of campaigns.
    pub(crate) of_campaigns: Vec<CampaignConversation>,
}

/// Locks the conversations of these pairs and opens those that do not exist, each with the update that `first` returns, which has its
/// id. Also locks the existing conversations of `also`.
pub async fn lock_or_open(
    tx: &mut Tx,
    pairs: &[ConversationKey],
    also: &[ConversationKey],
    now: DateTime<Utc>,
    mut first: impl FnMut(ConversationKey) -> ConversationUpdate,
) -> Result<LockedConversations> {
    let found = match also.is_empty() {
        true => lock(tx, pairs).await?,
        false => lock(tx, &[pairs, also].concat()).await?,
    };
    let of_campaigns = found.iter().filter_map(Found::of_campaign).collect();
    let mut known: HashMap<_, _> = found
        .into_iter()
        .map(|it| ((it.channel_id, it.contact_id), it.id))
        .collect();
    let mut missing = Vec::new();
    for pair in pairs {
        if let Entry::Vacant(entry) = known.entry((pair.channel, pair.contact)) {
            let step = first(*pair);
            entry.insert(step.conversation);
            missing.push(step);
        }
    }
    if open(tx.on(), &missing, now).await? != missing.len() as u64 {
        return Err(conflict_error());
    }
    Ok(LockedConversations {
        ids: known,
        of_campaigns,
    })
}

/// Locks the existing conversations of these pairs.
pub async fn lock_existing(tx: &mut Tx, pairs: &[ConversationKey]) -> Result<()> {
    if !pairs.is_empty() {
        lock(tx, pairs).await?;
    }
    Ok(())
}

/// Returns the existing conversations of these pairs.
pub async fn find_existing(
    on: On<'_>,
    pairs: &[ConversationKey],
) -> Result<HashMap<(ChannelId, ContactId), ConversationId>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows})
        SELECT c.id, c.channel_id, c.contact_id
        FROM r CROSS JOIN conversations c
        WHERE c.channel_id = r.channel_id AND c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id";
    let row = |pair: &ConversationKey| (pair.tenant.uuid(), pair.channel.uuid(), pair.contact.uuid());
    let found: Vec<(ConversationId, ChannelId, ContactId)> =
        Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await?;
    Ok(found
        .into_iter()
        .map(|(id, channel, contact)| ((channel, contact), id))
        .collect())
}

/// Locks the existing conversations of these pairs until the end of the transaction, in one order, so that changes of a conversation are
/// serialised and transactions cannot deadlock.
async fn lock(tx: &mut Tx, pairs: &[ConversationKey]) -> Result<Vec<Found>> {
    Stage::Conversations.reach(tx);
    const SQLITE: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows})
        SELECT c.id, c.channel_id, c.contact_id, c.last_message_at, c.campaign_message_id, c.campaign_message_at
        FROM r CROSS JOIN conversations c
        WHERE c.channel_id = r.channel_id AND c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id";
    // No planner turns a subquery that locks into a join: each row is found by its key, in the order of the ids. The pair is looked up
    // without its tenant, so that no planner reads all keys of the tenant.
    const POSTGRES: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows}),
        k AS MATERIALIZED (
            SELECT r.tenant_id, (SELECT c.id FROM conversations c
                WHERE c.contact_id = r.contact_id AND c.channel_id = r.channel_id) AS id
            FROM r
            ORDER BY id)
        SELECT o.id, o.channel_id, o.contact_id, o.last_message_at, o.campaign_message_id, o.campaign_message_at
        FROM k CROSS JOIN LATERAL (
            SELECT c.id, c.channel_id, c.contact_id, c.last_message_at, c.campaign_message_id, c.campaign_message_at
            FROM conversations c
            WHERE c.tenant_id = k.tenant_id AND c.id = k.id
            FOR UPDATE) o";
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let row = |pair: &ConversationKey| (pair.tenant.uuid(), pair.channel.uuid(), pair.contact.uuid());
    Rows::new(sql, pairs.iter().map(row).collect()).all(tx.on()).await
}

/// Builds the `conversation.opened` event.
pub fn opened_event(clock: &Clock, pair: ConversationKey, conversation: ConversationId, at: DateTime<Utc>) -> NewEvent {
    let data = Opened {
        conversation_id: conversation,
        channel_id: pair.channel,
        contact_id: pair.contact,
    };
    NewEvent::new(clock, pair.tenant, &OPENED, at, &data).within(pair.channel, conversation)
}

/// Maximum characters of a message shown in the list of conversations.
const PREVIEW: usize = 200;

/// Returns the part of a text that the list of conversations shows.
pub fn preview(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}

/// An update of a conversation by new messages: the newest message, the number of unread ones, the end of the service window.
#[derive(Clone, Debug)]
pub struct ConversationUpdate {
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

/// Inserts conversations. Fewer rows than requested means that a concurrent transaction was first.
async fn open(on: On<'_>, first: &[ConversationUpdate], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, channel_id, contact_id, at, wamid, direction, type, now) AS ({rows})
        INSERT INTO conversations (tenant_id, id, channel_id, contact_id, last_message_at, last_message_wamid,
            last_message_direction, last_message_type, unread_count, created_at, updated_at)
        SELECT tenant_id, id, channel_id, contact_id, at, wamid, direction, type, 0, now, now FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let row = |it: &ConversationUpdate| {
        let keys = (
            it.tenant.uuid(),
            it.conversation.uuid(),
            it.channel.uuid(),
            it.contact.uuid(),
        );
        // The smallest time: the first real message replaces it.
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

/// Updates conversations. The newest message is the one with the greatest (time, wamid), in whatever order they arrive.
pub async fn advance(on: On<'_>, steps: &[ConversationUpdate], now: DateTime<Utc>) -> Result<u64> {
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
    let row = |it: &ConversationUpdate| {
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

/// A conversation without an open service window, according to Meta.
#[derive(Clone, Debug)]
pub struct ClosedWindow {
    pub tenant: TenantId,
    pub conversation: ConversationId,
    /// When the rejected message was sent.
    pub at: DateTime<Utc>,
    /// The latest end of a window that was open then. A window that ends later was opened since.
    pub latest: DateTime<Utc>,
}

/// Closes service windows as of a time, unless the customer has written since.
pub async fn close_windows(on: On<'_>, closed: &[ClosedWindow], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, at, latest, now) AS ({rows})
        UPDATE conversations SET window_expires_at = r.at, updated_at = r.now
        FROM r
        WHERE conversations.tenant_id = r.tenant_id AND conversations.id = r.id
            AND conversations.window_expires_at > r.at AND conversations.window_expires_at <= r.latest";
    let row = |it: &ClosedWindow| (it.tenant.uuid(), it.conversation.uuid(), it.at, it.latest, now);
    Rows::new(SQL, closed.iter().map(row).collect()).run(on).await
}
