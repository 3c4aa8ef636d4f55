//! Looks up whether the recipients of messages have all the identities that Meta names.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::MessageKey;
use crate::{
    db::{On, Result, Rows},
    domain::{AttemptId, ChannelId, ContactId, ConversationId, Id, MessageId, Status, TenantId},
};

/// A message's conversation and contact, which change when contacts are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageOwner {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
}

/// Returns the present owners of these messages.
pub async fn owners(on: On<'_>, messages: &[(TenantId, MessageId)]) -> Result<Vec<MessageOwner>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT m.id, m.conversation_id, m.contact_id
        FROM r CROSS JOIN messages m
        WHERE m.tenant_id = r.tenant_id AND m.id = r.id";
    let row = |(tenant, id): &(TenantId, MessageId)| (tenant.uuid(), id.uuid());
    Rows::new(SQL, messages.iter().map(row).collect()).all(on).await
}

/// Returns the statuses and error codes of those of the messages that exist.
pub(crate) async fn outcomes(
    on: On<'_>,
    messages: &[(TenantId, MessageId)],
) -> Result<Vec<(MessageId, Status, Option<i64>)>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT m.id, m.status, m.error_code
        FROM r CROSS JOIN messages m
        WHERE m.tenant_id = r.tenant_id AND m.id = r.id";
    let row = |(tenant, id): &(TenantId, MessageId)| (tenant.uuid(), id.uuid());
    Rows::new(SQL, messages.iter().map(row).collect()).all(on).await
}

/// Meta's names of the recipient of a sent message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedRecipient {
    pub tenant: TenantId,
    pub of: MessageRef,
    pub names: Names,
    /// Time according to Meta.
    pub at: DateTime<Utc>,
}

/// Reference to a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageRef {
    Id(MessageId),
    /// The wamid of a status, and the attempt id it carries, which is used while no message has the wamid.
    Wamid(MessageKey, Option<AttemptId>),
}

/// Phone number and user ids of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Names {
    pub phone: Option<String>,
    /// The same phone number in its other form.
    pub(crate) other_phone: Option<String>,
    pub user_id: Option<String>,
    pub(crate) parent_user_id: Option<String>,
}

/// A message found by a [`NamedRecipient`].
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FoundRecipient {
    /// Index into the query.
    pub n: i64,
    pub id: MessageId,
    pub contact_id: ContactId,
    /// The address the message was sent to; empty where not known.
    pub recipient: String,
    /// Whether the contact lacks one of the names.
    pub(crate) is_unknown: bool,
}

/// Finds these messages and whether their contacts have all the names; the address that a message was sent to is not new. PostgreSQL
/// returns every message found, so that it can be locked; SQLite only those whose contact lacks a name.
pub async fn find_recipients(on: On<'_>, named: &[NamedRecipient]) -> Result<Vec<FoundRecipient>> {
    // Each name is looked up by its whole key in a subquery, which no planner turns into a join.
    macro_rules! is_unknown {
        ($name:literal, $kind:literal) => {
            concat!(
                "(r.",
                $name,
                " <> m.recipient AND (SELECT i.contact_id FROM contact_identities i WHERE i.value = r.",
                $name,
                " AND i.kind = '",
                $kind,
                "' AND i.tenant_id = r.tenant_id) IS DISTINCT FROM m.contact_id)"
            )
        };
        () => {
            concat!(
                "(m.direction = 'outbound' AND (",
                is_unknown!("phone", "phone"),
                " OR ",
                is_unknown!("other_phone", "phone"),
                " OR ",
                is_unknown!("user_id", "user_id"),
                " OR ",
                is_unknown!("parent_user_id", "parent_user_id"),
                "))"
            )
        };
    }
    const SQLITE: &str = concat!(
        "WITH r (n, tenant_id, message_id, channel_id, wamid, attempt_id, phone, other_phone, user_id, parent_user_id) AS ({rows})
        SELECT r.n, m.id, m.contact_id, m.recipient, TRUE AS is_unknown
        FROM r CROSS JOIN messages m
        WHERE m.tenant_id = r.tenant_id AND m.id = COALESCE(r.message_id,
                (SELECT o.id FROM messages o WHERE o.channel_id = r.channel_id AND o.wamid = r.wamid),
                (SELECT a.message_id FROM send_attempts a WHERE a.id = r.attempt_id AND a.channel_id = r.channel_id))
            AND ",
        is_unknown!()
    );
    // LIMIT keeps the planner from turning the subquery into a join; the first match wins.
    const POSTGRES: &str = concat!(
        "WITH r (n, tenant_id, message_id, channel_id, wamid, attempt_id, phone, other_phone, user_id, parent_user_id) AS ({rows})
        SELECT r.n, m.id, m.contact_id, COALESCE(m.recipient, '') AS recipient, COALESCE(",
        is_unknown!(),
        ", FALSE) AS is_unknown
        FROM r CROSS JOIN LATERAL (
            SELECT o.id, o.contact_id, o.recipient, o.direction
            FROM messages o WHERE o.channel_id = r.channel_id AND o.wamid = r.wamid
            UNION ALL
            SELECT o.id, o.contact_id, o.recipient, o.direction
            FROM messages o
            WHERE o.tenant_id = r.tenant_id AND o.id = COALESCE(r.message_id,
                (SELECT a.message_id FROM send_attempts a WHERE a.id = r.attempt_id AND a.channel_id = r.channel_id))
            LIMIT 1) m"
    );
    let sql = match on {
        On::Postgres(_) | On::PostgresPool(_) => POSTGRES,
        On::Sqlite(_) | On::SqlitePool(_) => SQLITE,
    };
    let row = |(n, it): (usize, &NamedRecipient)| {
        let (message, channel, wamid, attempt): (Option<Uuid>, Option<ChannelId>, _, _) = match &it.of {
            MessageRef::Id(id) => (Some(id.uuid()), None, None, None),
            MessageRef::Wamid(key, attempt) => (None, Some(key.channel), Some(key.wamid.clone()), *attempt),
        };
        let Names {
            phone,
            other_phone,
            user_id,
            parent_user_id,
        } = it.names.clone();
        (
            n as i64,
            it.tenant.uuid(),
            message,
            channel.map(Id::uuid),
            wamid,
            attempt.map(Id::uuid),
            phone,
            other_phone,
            user_id,
            parent_user_id,
        )
    };
    Rows::new(sql, named.iter().enumerate().map(row).collect())
        .all(on)
        .await
}
