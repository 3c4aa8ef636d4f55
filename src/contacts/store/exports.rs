//! Pages of what is exported, in the order of keys.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, ConsentPurpose, ContactId, ConversationId, Id, MediaId, MessageId, TagKind, TenantId},
    records::contacts::{Contact, contact_columns},
};

/// Lists people after a contact, the oldest first: those in use, or the archived ones.
pub(crate) async fn contacts(
    on: On<'_>,
    tenant: TenantId,
    archived: bool,
    after: ContactId,
    limit: i64,
) -> Result<Vec<Contact>> {
    const SQL: &str = concat!(
        "SELECT ",
        contact_columns!(),
        " FROM contacts c
        WHERE c.tenant_id = $1 AND c.id > $2 AND c.kind = 'person' AND (c.archived_at IS NOT NULL) = $3
        ORDER BY c.id
        LIMIT $4"
    );
    on.sql(SQL, (tenant, after, archived, limit)).all().await
}

/// An identity in use.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ExportedIdentity {
    pub contact_id: ContactId,
    pub kind: String,
    pub value: String,
}

/// Lists the identities in use of contacts after one and up to another, of each kind the newest first.
pub(crate) async fn identities(
    on: On<'_>,
    tenant: TenantId,
    after: ContactId,
    last: ContactId,
) -> Result<Vec<ExportedIdentity>> {
    const SQL: &str = "
        SELECT contact_id, kind, value FROM contact_identities
        WHERE tenant_id = $1 AND contact_id > $2 AND contact_id <= $3 AND retired_at IS NULL
        ORDER BY contact_id, created_at DESC, value";
    on.sql(SQL, (tenant, after, last)).all().await
}

/// A tag or list of a contact.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ExportedTag {
    pub contact_id: ContactId,
    pub kind: TagKind,
    pub name: String,
}

/// Lists the tags and lists of contacts after one and up to another, by name.
pub(crate) async fn tags(on: On<'_>, tenant: TenantId, after: ContactId, last: ContactId) -> Result<Vec<ExportedTag>> {
    const SQL: &str = "
        SELECT k.contact_id, t.kind, t.name
        FROM contact_tags k JOIN tags t ON t.tenant_id = k.tenant_id AND t.id = k.tag_id
        WHERE k.tenant_id = $1 AND k.contact_id > $2 AND k.contact_id <= $3
        ORDER BY k.contact_id, t.folded";
    on.sql(SQL, (tenant, after, last)).all().await
}

/// Lists the consents to everything of all channels, of contacts after one and up to another.
pub(crate) async fn consents(
    on: On<'_>,
    tenant: TenantId,
    after: ContactId,
    last: ContactId,
) -> Result<Vec<(ContactId, ConsentPurpose, String)>> {
    const SQL: &str = "
        SELECT contact_id, purpose, status FROM contact_consents
        WHERE tenant_id = $1 AND contact_id > $2 AND contact_id <= $3 AND channel_id = $4";
    on.sql(SQL, (tenant, after, last, Uuid::nil())).all().await
}

/// Returns the names of contacts: what the tenant calls them, else the profile's.
pub(crate) async fn names(
    on: On<'_>,
    tenant: TenantId,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, Option<String>>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT c.id, COALESCE(c.given_name, c.name) AS name
        FROM r CROSS JOIN contacts c
        WHERE c.tenant_id = r.tenant_id AND c.id = r.id";
    let row = |id: &ContactId| (tenant.uuid(), id.uuid());
    let found: Vec<(ContactId, Option<String>)> = Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await?;
    Ok(found.into_iter().collect())
}

/// A conversation.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ExportedConversation {
    pub id: ConversationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub contact_kind: Option<String>,
    pub given_name: Option<String>,
    pub profile_name: Option<String>,
    pub last_message_direction: String,
    pub last_message_type: String,
    pub last_message_text: Option<String>,
    pub last_message_at: DateTime<Utc>,
    pub window_expires_at: Option<DateTime<Utc>>,
    pub unread_count: i64,
    pub created_at: DateTime<Utc>,
}

/// Lists conversations after one, the oldest first.
pub(crate) async fn conversations(
    on: On<'_>,
    tenant: TenantId,
    after: ConversationId,
    limit: i64,
) -> Result<Vec<ExportedConversation>> {
    const SQL: &str = "
        SELECT v.id, v.channel_id, v.contact_id, c.kind AS contact_kind, c.given_name, c.name AS profile_name,
            v.last_message_direction, v.last_message_type, v.last_message_text, v.last_message_at, v.window_expires_at,
            v.unread_count, v.created_at
        FROM conversations v LEFT JOIN contacts c ON c.tenant_id = v.tenant_id AND c.id = v.contact_id
        WHERE v.tenant_id = $1 AND v.id > $2
        ORDER BY v.id
        LIMIT $3";
    on.sql(SQL, (tenant, after, limit)).all().await
}

/// A message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ExportedMessage {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub wamid: Option<String>,
    pub direction: String,
    pub origin: String,
    #[sqlx(rename = "type")]
    pub kind: String,
    pub status: String,
    pub text: Option<String>,
    pub media_id: Option<MediaId>,
    pub reference: Option<String>,
    pub template: Option<String>,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub created_by: Option<String>,
}

/// Where a message stands in its conversation: Meta's time, id.
pub(crate) type MessagePlace = (DateTime<Utc>, MessageId);

/// Lists messages of a conversation after one, the oldest first.
pub(crate) async fn messages(
    on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
    after: MessagePlace,
    limit: i64,
) -> Result<Vec<ExportedMessage>> {
    const SQL: &str = "
        SELECT id, conversation_id, channel_id, contact_id, wamid, direction, origin, type, status, text, media_id, reference, template,
            error_code, error_title, sent_at, created_by
        FROM messages
        WHERE conversation_id = $2 AND tenant_id = $1 AND (sent_at, id) > ($3, $4)
        ORDER BY sent_at, id
        LIMIT $5";
    on.sql(SQL, (tenant, conversation, after.0, after.1, limit)).all().await
}

/// Counts people, up to `most`.
pub(crate) async fn count_contacts(on: On<'_>, tenant: TenantId, most: i64) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM (SELECT 1 FROM contacts WHERE tenant_id = $1 AND id > $2 LIMIT $3) AS counted";
    let (count,): (i64,) = on.sql(SQL, (tenant, Uuid::nil(), most)).one().await?;
    Ok(count)
}

/// Counts conversations, up to `most`.
pub(crate) async fn count_conversations(on: On<'_>, tenant: TenantId, most: i64) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM (SELECT 1 FROM conversations WHERE tenant_id = $1 AND id > $2 LIMIT $3) AS counted";
    let (count,): (i64,) = on.sql(SQL, (tenant, Uuid::nil(), most)).one().await?;
    Ok(count)
}

/// Counts the messages of a conversation, up to `most`.
pub(crate) async fn count_messages(
    on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
    most: i64,
) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM messages WHERE conversation_id = $2 AND tenant_id = $1 LIMIT $3) AS counted";
    let (count,): (i64,) = on.sql(SQL, (tenant, conversation, most)).one().await?;
    Ok(count)
}
