//! Lists messages by filters. A page's work is bounded whatever the filter: it examines at most [`LOOK`] messages of each source.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Message, find::select, pages};
use crate::{
    db::{On, Result, Sql},
    domain::{BatchId, ChannelId, ContactId, ConversationId, Id, MessageId, Status, TenantId},
};

/// Maximum messages one page examines. Bounds the cost of filtering by a rare status without an index that every message would update.
const LOOK: i64 = 20_000;

/// Conditions of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    pub channel: Option<ChannelId>,
    pub contact: Option<ContactId>,
    pub conversation: Option<ConversationId>,
    /// `true` selects inbound messages, `false` outbound ones.
    pub inbound: Option<bool>,
    pub status: Option<Status>,
    pub reference: Option<String>,
    pub batch: Option<BatchId>,
    /// Name of the template they were made from.
    pub template: Option<String>,
    /// Stored at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Stored before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Keyset cursor within conversations: Meta's time, id.
pub type ConversationMessageCursor = (DateTime<Utc>, MessageId);

impl MessageFilter {
    /// Returns whether it selects the messages of one contact or of one conversation.
    pub fn is_of_conversations(&self) -> bool {
        self.contact.is_some() || self.conversation.is_some()
    }

    /// Returns whether an index leads to the messages.
    fn is_indexed(&self) -> bool {
        self.reference.is_some() || self.batch.is_some()
    }

    /// Returns whether each message has to be examined.
    fn has_conditions(&self) -> bool {
        self.channel.is_some() || self.inbound.is_some() || self.status.is_some() || self.template.is_some()
    }

    /// Returns the SQL conditions. The values are those of [`list`], in its order.
    fn conditions(&self) -> String {
        let mut text = "tenant_id = $1 AND id >= $2 AND id < $3 AND ($4 IS NULL OR channel_id = $4)".to_owned();
        match self.inbound {
            Some(true) => text.push_str(" AND direction = 'inbound'"),
            Some(false) => text.push_str(" AND direction = 'outbound'"),
            None => {}
        }
        if let Some(status) = self.status {
            text.push_str(" AND status = '");
            text.push_str(status.as_str());
            text.push('\'');
        }
        for (given, condition) in [
            (self.template.is_some(), " AND template = $5"),
            (self.reference.is_some(), " AND reference = $6"),
            (self.batch.is_some(), " AND batch_id = $7"),
        ] {
            text.push_str(if given { condition } else { "" });
        }
        text
    }

    /// Returns the ids between which messages stored in the filter's time lie: from the first on, before the second.
    fn range(&self) -> (MessageId, MessageId) {
        let first = |at: Option<DateTime<Utc>>| at.map(first_id);
        (
            first(self.since).unwrap_or(MessageId::from_uuid(Uuid::nil())),
            first(self.until).unwrap_or(MessageId::from_uuid(Uuid::max())),
        )
    }
}

/// Returns the smallest id of a time. Ids are UUIDv7: they begin with the milliseconds since 1970 in 48 bits.
fn first_id(at: DateTime<Utc>) -> MessageId {
    let ms = u128::try_from(at.timestamp_millis().max(0)).unwrap_or_default();
    MessageId::from_uuid(Uuid::from_u128(ms << 80))
}

/// Lists the matching messages, newest id first; fewer than `limit` where they are long. The cursor is the last one examined, if there are
/// more.
pub async fn list(
    mut on: On<'_>,
    tenant: TenantId,
    filter: &MessageFilter,
    before: Option<MessageId>,
    limit: i64,
) -> Result<(Vec<Message>, Option<MessageId>)> {
    const FLOOR: &str = "
        SELECT id FROM messages WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT 1 OFFSET $3";
    let (least, top) = filter.range();
    let top = before.map_or(top, |before| before.min(top));
    let floor: Option<(MessageId,)> = match filter.has_conditions() && !filter.is_indexed() {
        true => on.reborrow().sql(FLOOR, (tenant, top, LOOK - 1)).opt().await?,
        false => None,
    };
    let floor = floor.map(|(id,)| id).filter(|id| *id > least);
    let text = format!(select!("WHERE {} ORDER BY id DESC LIMIT $8"), filter.conditions());
    let args = (
        tenant,
        floor.unwrap_or(least),
        top,
        filter.channel,
        filter.template.clone(),
        filter.reference.clone(),
        filter.batch,
        limit,
    );
    let mut rows = on.reborrow().sql(Sql::built(text), args).all().await?;
    let is_cut = pages::fill(&mut on, tenant, &mut rows).await?;
    let floor = if is_cut {
        rows.last().map(|row: &Message| row.id)
    } else {
        floor
    };
    Ok((rows, floor))
}

/// Lists the matching messages of a conversation, or of all conversations with a contact, newest first by Meta's time. The cursor is the
/// last one examined, if there are more.
pub async fn list_of_conversations(
    mut on: On<'_>,
    tenant: TenantId,
    filter: &MessageFilter,
    before: Option<ConversationMessageCursor>,
    limit: i64,
) -> Result<(Vec<Message>, Option<ConversationMessageCursor>)> {
    let mut text = "SELECT id FROM conversations WHERE tenant_id = $1".to_owned();
    let mut args = vec![tenant.uuid()];
    let given = [
        ("id", filter.conversation.map(Id::uuid)),
        ("contact_id", filter.contact.map(Id::uuid)),
    ];
    for (column, id) in given {
        if let Some(id) = id {
            args.push(id);
            text.push_str(&format!(" AND {column} = ${}", args.len()));
        }
    }
    let conversations: Vec<(ConversationId,)> = on.reborrow().sql(Sql::built(text), args).all().await?;
    let (mut rows, mut floor) = (Vec::new(), None);
    for (conversation,) in conversations {
        let (found, examined) = in_one(on.reborrow(), tenant, conversation, filter, before, limit).await?;
        rows.extend(found);
        floor = floor.max(examined);
    }
    let key = |row: &Message| (row.sent_at, row.id);
    // What is older than the place where the search of some conversation ended belongs to a later page.
    rows.retain(|row| floor.is_none_or(|floor| key(row) >= floor));
    rows.sort_by_key(|row| std::cmp::Reverse(key(row)));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let is_cut = pages::fill(&mut on, tenant, &mut rows).await?;
    let floor = if is_cut { rows.last().map(key) } else { floor };
    Ok((rows, floor))
}

/// Lists the matching messages of one conversation.
async fn in_one(
    mut on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
    filter: &MessageFilter,
    before: Option<ConversationMessageCursor>,
    limit: i64,
) -> Result<(Vec<Message>, Option<ConversationMessageCursor>)> {
    const FLOOR: &str = "
        SELECT sent_at, id FROM messages
        WHERE tenant_id = $1 AND conversation_id = $2 AND (sent_at, id) < ($3, $4)
        ORDER BY sent_at DESC, id DESC LIMIT 1 OFFSET $5";
    let last_second = DateTime::from_timestamp(253_402_300_799, 0).expect("the end of the year 9999 is a time");
    let (at, id) = before.unwrap_or((last_second, MessageId::from_uuid(Uuid::max())));
    let floor: Option<ConversationMessageCursor> = on
        .reborrow()
        .sql(FLOOR, (tenant, conversation, at, id, LOOK - 1))
        .opt()
        .await?;
    let lowest = floor.unwrap_or((DateTime::UNIX_EPOCH, MessageId::from_uuid(Uuid::nil())));
    let text = format!(
        select!(
            "WHERE {} AND conversation_id = $8 AND (sent_at, id) < ($9, $10) AND (sent_at, id) >= ($11, $12)
             ORDER BY sent_at DESC, id DESC LIMIT $13"
        ),
        filter.conditions()
    );
    let (least, top) = filter.range();
    let args = (
        tenant,
        least,
        top,
        filter.channel,
        filter.template.clone(),
        filter.reference.clone(),
        filter.batch,
        conversation,
        at,
        id,
        lowest.0,
        lowest.1,
        limit,
    );
    Ok((on.sql(Sql::built(text), args).all().await?, floor))
}
