//! Appends domain events with gapless sequences.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::consumers;
use crate::{
    db::{Result, Rows, Tx},
    domain::{Actor, ChannelId, ConversationId, EventId, Id, TenantId},
    records::{event_consumers::hint_consumers, lock_order::Stage},
};

/// A domain event to append.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub tenant: TenantId,
    pub id: EventId,
    pub actor: Actor,
    pub kind: &'static str,
    pub version: i64,
    pub occurred_at: DateTime<Utc>,
    /// `None` for an event about no channel or several.
    pub channel: Option<ChannelId>,
    /// Order key of ordered deliveries: events of one conversation are delivered in order.
    pub conversation: Option<ConversationId>,
    /// JSON.
    pub data: String,
}

#[derive(sqlx::FromRow)]
struct Cursor {
    tenant_id: Uuid,
    last_sequence: i64,
}

/// Appends events and hands them to the consumers of the same commit; those that may lag are woken after it. Must come last in a transaction: it locks the tenant's sequence
/// until the commit, which makes the sequence gapless and its order the order of commits.
pub async fn append(tx: &mut Tx, events: &[NewEvent], now: DateTime<Utc>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    Stage::EventCursor.reach(tx);
    let sequences = append_unconsumed(tx, events, now).await?;
    let numbered: Vec<(&NewEvent, i64)> = events.iter().zip(sequences).collect();
    consumers::consume(tx, &numbered, now).await
}

/// Appends events without handing them to the consumers of the same commit. Returns the sequence of each.
pub async fn append_unconsumed(tx: &mut Tx, events: &[NewEvent], now: DateTime<Utc>) -> Result<Vec<i64>> {
    const DRAW: &str = "
        WITH r (tenant_id, wanted) AS ({rows})
        INSERT INTO event_cursors (tenant_id, last_sequence)
        SELECT tenant_id, wanted FROM r
        WHERE true
        ON CONFLICT (tenant_id) DO UPDATE SET last_sequence = event_cursors.last_sequence + excluded.last_sequence
        RETURNING tenant_id, last_sequence";
    const APPEND: &str = "
        WITH r (tenant_id, sequence, id, type, version, occurred_at, created_at, channel_id, conversation_id, actor, data) AS ({rows})
        INSERT INTO events (tenant_id, sequence, id, type, version, occurred_at, created_at, channel_id, conversation_id, actor, data)
        SELECT tenant_id, sequence, id, type, version, occurred_at, created_at, channel_id, conversation_id, actor, data FROM r";
    let mut wanted: BTreeMap<Uuid, i64> = BTreeMap::new();
    for event in events {
        *wanted.entry(event.tenant.uuid()).or_default() += 1;
    }
    let cursors: Vec<Cursor> = Rows::new(DRAW, wanted.clone().into_iter().collect())
        .all(tx.on())
        .await?;
    let mut next: BTreeMap<Uuid, i64> = cursors
        .iter()
        .map(|cursor| (cursor.tenant_id, cursor.last_sequence - wanted[&cursor.tenant_id]))
        .collect();
    let mut draw = |event: &NewEvent| {
        let sequence = next.entry(event.tenant.uuid()).or_default();
        *sequence += 1;
        *sequence
    };
    let sequences: Vec<i64> = events.iter().map(&mut draw).collect();
    let row = |(event, sequence): (&NewEvent, &i64)| {
        let (tenant, id, kind) = (event.tenant.uuid(), event.id.uuid(), event.kind.to_owned());
        let (channel, conversation) = (event.channel.map(Id::uuid), event.conversation.map(Id::uuid));
        let (version, data) = (event.version, event.data.clone());
        (
            tenant,
            *sequence,
            id,
            kind,
            version,
            event.occurred_at,
            now,
            channel,
            conversation,
            event.actor.to_string(),
            data,
        )
    };
    let rows = events.iter().zip(&sequences).map(row).collect();
    Rows::new(APPEND, rows).run(tx.on()).await?;
    hint_consumers(tx, wanted.into_keys());
    Ok(sequences)
}
