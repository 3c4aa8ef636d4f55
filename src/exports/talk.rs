//! Conversations and messages of an export.

use super::sheet::ExportValue;
use crate::{
    contacts::store::exports::{self, ExportedConversation, ExportedMessage, MessagePlace},
    db::{On, Result},
    domain::{ConversationId, TenantId},
};

pub(super) const CONVERSATION_COLUMNS: &[&str] = &[
    "id",
    "channel_id",
    "contact_id",
    "contact.kind",
    "contact.name",
    "contact.profile_name",
    "last_message.direction",
    "last_message.type",
    "last_message.text",
    "last_message.timestamp",
    "window_expires_at",
    "unread_count",
    "created_at",
];

pub(super) const MESSAGE_COLUMNS: &[&str] = &[
    "id",
    "conversation_id",
    "channel_id",
    "contact_id",
    "wamid",
    "direction",
    "origin",
    "type",
    "status",
    "text",
    "media_id",
    "reference",
    "template",
    "error.code",
    "error.title",
    "timestamp",
    "created_by",
];

/// Reads a page of conversations after one, the oldest first.
pub(super) async fn conversations(
    on: On<'_>,
    tenant: TenantId,
    after: ConversationId,
    limit: i64,
) -> Result<(Vec<Vec<ExportValue>>, Option<ConversationId>)> {
    let found = exports::conversations(on, tenant, after, limit).await?;
    let last = found.last().map(|it| it.id);
    Ok((found.into_iter().map(conversation).collect(), last))
}

fn conversation(it: ExportedConversation) -> Vec<ExportValue> {
    vec![
        ExportValue::Text(it.id.to_string()),
        ExportValue::Text(it.channel_id.to_string()),
        ExportValue::Text(it.contact_id.to_string()),
        it.contact_kind.into(),
        it.given_name.or_else(|| it.profile_name.clone()).into(),
        it.profile_name.into(),
        ExportValue::Text(it.last_message_direction),
        ExportValue::Text(it.last_message_type),
        it.last_message_text.into(),
        ExportValue::Time(it.last_message_at),
        it.window_expires_at.into(),
        ExportValue::Number(it.unread_count),
        ExportValue::Time(it.created_at),
    ]
}

/// Reads a page of the messages of a conversation after one, the oldest first.
pub(super) async fn messages(
    on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
    after: MessagePlace,
    limit: i64,
) -> Result<(Vec<Vec<ExportValue>>, Option<MessagePlace>)> {
    let found = exports::messages(on, tenant, conversation, after, limit).await?;
    let last = found.last().map(|it| (it.sent_at, it.id));
    Ok((found.into_iter().map(message).collect(), last))
}

fn message(it: ExportedMessage) -> Vec<ExportValue> {
    vec![
        ExportValue::Text(it.id.to_string()),
        ExportValue::Text(it.conversation_id.to_string()),
        ExportValue::Text(it.channel_id.to_string()),
        ExportValue::Text(it.contact_id.to_string()),
        it.wamid.into(),
        ExportValue::Text(it.direction),
        ExportValue::Text(it.origin),
        ExportValue::Text(it.kind),
        ExportValue::Text(it.status),
        it.text.into(),
        it.media_id.map(|id| id.to_string()).into(),
        it.reference.into(),
        it.template.into(),
        it.error_code.map_or(ExportValue::Nothing, ExportValue::Number),
        it.error_title.into(),
        ExportValue::Time(it.sent_at),
        it.created_by.into(),
    ]
}
