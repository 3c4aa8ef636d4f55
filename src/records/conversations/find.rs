//! Finds and lists conversations.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Sql},
    domain::{ChannelId, ContactId, ConversationId, Direction, Id, TenantId},
};

/// A conversation, with its contact's name and its last message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Conversation {
    pub id: ConversationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub(crate) contact_kind: Option<String>,
    pub(crate) contact_name: Option<String>,
    pub last_message_at: DateTime<Utc>,
    pub last_message_wamid: String,
    pub last_message_direction: Direction,
    pub last_message_type: String,
    pub last_message_text: Option<String>,
    pub window_expires_at: Option<DateTime<Utc>>,
    pub unread_count: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Keyset cursor of a list: time of the last message, id.
pub type ConversationCursor = (DateTime<Utc>, ConversationId);

/// Conditions of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    pub channel: Option<ChannelId>,
    pub unread: Option<bool>,
}

/// Maximum conversations one page examines. Bounds the cost of filtering for a silent channel without an index that every message would
/// update.
const LOOK: i64 = 50_000;

macro_rules! columns {
    () => {
        "v.id, v.channel_id, v.contact_id, c.kind AS contact_kind, COALESCE(c.given_name, c.name) AS contact_name, v.last_message_at, \
         v.last_message_wamid, v.last_message_direction, v.last_message_type, v.last_message_text, v.window_expires_at, \
         v.unread_count, v.created_at, v.updated_at"
    };
}
pub(super) use columns;

impl ConversationFilter {
    /// Returns the SQL condition on `v.unread_count`.
    pub(super) fn unread(&self) -> &'static str {
        match self.unread {
            Some(true) => "AND v.unread_count > 0",
            Some(false) => "AND v.unread_count = 0",
            None => "",
        }
    }
}

/// Returns a cursor above every conversation.
pub(super) fn top() -> ConversationCursor {
    let last_second = DateTime::from_timestamp(253_402_300_799, 0).expect("the end of the year 9999 is a time");
    (last_second, ConversationId::from_uuid(Uuid::max()))
}

pub async fn find(on: On<'_>, tenant: TenantId, id: ConversationId) -> Result<Option<Conversation>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM conversations v LEFT JOIN contacts c ON c.tenant_id = v.tenant_id AND c.id = v.contact_id
          WHERE v.tenant_id = $1 AND v.id = $2"
    );
    on.sql(SQL, (tenant, id)).opt().await
}

/// Returns the channel and the contact of those conversations that exist.
pub(crate) async fn pairs_of(
    on: On<'_>,
    tenant: TenantId,
    ids: &[ConversationId],
) -> Result<Vec<(ConversationId, ChannelId, ContactId)>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT v.id, v.channel_id, v.contact_id FROM r CROSS JOIN conversations v
        WHERE v.tenant_id = r.tenant_id AND v.id = r.id";
    let row = |id: &ConversationId| (tenant.uuid(), id.uuid());
    Rows::new(SQL, ids.iter().map(row).collect()).all(on).await
}

/// Lists the matching conversations, the last active first. Those in which there is nothing but messages of campaigns have no time, and are
/// left out. The cursor is the last one examined, if there are more.
pub async fn list(
    mut on: On<'_>,
    tenant: TenantId,
    filter: ConversationFilter,
    before: Option<ConversationCursor>,
    limit: i64,
) -> Result<(Vec<Conversation>, Option<ConversationCursor>)> {
    const FLOOR: &str = "
        SELECT last_message_at, id FROM conversations
        WHERE tenant_id = $1 AND (last_message_at, id) < ($2, $3)
        ORDER BY last_message_at DESC, id DESC LIMIT 1 OFFSET $4";
    let (at, id) = before.unwrap_or_else(top);
    let floor: Option<ConversationCursor> = match filter == ConversationFilter::default() {
        true => None,
        false => on.reborrow().sql(FLOOR, (tenant, at, id, LOOK - 1)).opt().await?,
    };
    let first = (
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(1),
        ConversationId::from_uuid(Uuid::nil()),
    );
    let least = floor.map_or(first, |floor| floor.max(first));
    let text = format!(
        "SELECT {} FROM conversations v LEFT JOIN contacts c ON c.tenant_id = v.tenant_id AND c.id = v.contact_id
         WHERE v.tenant_id = $1 AND (v.last_message_at, v.id) < ($2, $3) AND (v.last_message_at, v.id) >= ($4, $5)
             AND ($7 IS NULL OR v.channel_id = $7) {}
         ORDER BY v.last_message_at DESC, v.id DESC LIMIT $6",
        columns!(),
        filter.unread()
    );
    let args = (tenant, at, id, least.0, least.1, limit, filter.channel);
    Ok((on.sql(Sql::built(text), args).all().await?, floor))
}

/// Returns the conversations of a contact, with their channels and the ends of their windows.
pub async fn of_contact(
    on: On<'_>,
    tenant: TenantId,
    contact: ContactId,
) -> Result<Vec<(ConversationId, ChannelId, Option<DateTime<Utc>>)>> {
    const SQL: &str = "
        SELECT id, channel_id, window_expires_at FROM conversations WHERE contact_id = $2 AND tenant_id = $1 ORDER BY id";
    on.sql(SQL, (tenant, contact)).all().await
}

/// Returns the conversations of contacts that have a message: contact, channel, time of the last one.
pub(crate) async fn of_contacts(
    on: On<'_>,
    tenant: TenantId,
    contacts: &[ContactId],
) -> Result<Vec<(ContactId, ChannelId, DateTime<Utc>)>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id) AS ({rows})
        SELECT c.contact_id, c.channel_id, c.last_message_at
        FROM r CROSS JOIN conversations c
        WHERE c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id";
    let row = |id: &ContactId| (tenant.uuid(), id.uuid());
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}

/// A conversation of a contact.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ContactConversation {
    pub contact_id: ContactId,
    pub id: ConversationId,
    /// End of the service window; `None` where the customer never wrote.
    pub window_expires_at: Option<DateTime<Utc>>,
}

/// Returns the conversations of contacts with their windows.
pub(crate) async fn windows_of_contacts(
    on: On<'_>,
    tenant: TenantId,
    contacts: &[ContactId],
) -> Result<Vec<ContactConversation>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id) AS ({rows})
        SELECT c.contact_id, c.id, c.window_expires_at
        FROM r CROSS JOIN conversations c
        WHERE c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id";
    let row = |contact: &ContactId| (tenant.uuid(), contact.uuid());
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}

/// Returns those of the contacts whose service window on a channel is open until a time at least.
pub(crate) async fn open_until(
    on: On<'_>,
    tenant: TenantId,
    (channel, until): (ChannelId, DateTime<Utc>),
    contacts: &[ContactId],
) -> Result<HashSet<ContactId>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, contact_id, until) AS ({rows})
        SELECT c.contact_id
        FROM r CROSS JOIN conversations c
        WHERE c.contact_id = r.contact_id AND c.tenant_id = r.tenant_id AND c.channel_id = r.channel_id
            AND c.window_expires_at > r.until";
    let row = |contact: &ContactId| (tenant.uuid(), channel.uuid(), contact.uuid(), until);
    let open: Vec<(ContactId,)> = Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await?;
    Ok(open.into_iter().map(|(contact,)| contact).collect())
}
