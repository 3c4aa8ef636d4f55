//! Replays deliveries, and creates missing ones.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::fan_out::order_key;
use crate::{
    clock::first_uuid_at,
    db::{Db, Result, Rows, Tx},
    domain::{ChannelId, ConversationId, DeliveryId, DeliveryState, EventId, EventTypes, Id, delivery_id},
    events::endpoint::TEST,
    records::events::SequenceRange,
    webhooks::store::endpoints::{Endpoint, EndpointKey, wake_after_commit},
};

/// Queues deliveries of an endpoint again, due now, with a fresh retry schedule; returns how many exist. A pending one becomes due at once.
pub async fn requeue(
    tx: &mut Tx,
    EndpointKey { tenant, id: endpoint }: EndpointKey,
    ids: &[DeliveryId],
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (rid, rendpoint, rtenant, now) AS ({rows})
        UPDATE deliveries
        SET state = 'pending', due_at = r.now, finished_at = NULL, attempts_before = attempts
        FROM r
        WHERE endpoint_id = r.rendpoint AND id = r.rid AND tenant_id = r.rtenant";
    let mut rows: Vec<_> = ids
        .iter()
        .map(|id| (id.uuid(), endpoint.uuid(), tenant.uuid(), now))
        .collect();
    rows.sort_unstable_by_key(|row| row.0);
    let found = Rows::new(SQL, rows).run(tx.on()).await?;
    wake_after_commit(tx, (found > 0).then_some(endpoint));
    Ok(found)
}

/// An event that an endpoint has no delivery of.
#[derive(Clone, Debug)]
pub struct Missing {
    pub event: EventId,
    pub sequence: i64,
    pub kind: String,
    pub order_key: Option<Uuid>,
}

/// The chosen rows of a page, and where the next page begins.
#[derive(Clone, Debug)]
pub(crate) struct ReplayPage<T, K> {
    pub chosen: Vec<T>,
    pub next: Option<K>,
}

/// Number of rows examined for one page.
const PAGE: i64 = 1_000;

/// Returns a page of an endpoint's deliveries after `after` of events before `to`, in one of these states and of these types.
pub(crate) async fn replay_page(
    db: &Db,
    endpoint: &Endpoint,
    (after, to): (Uuid, DateTime<Utc>),
    states: &[DeliveryState],
    types: &EventTypes,
) -> Result<ReplayPage<DeliveryId, DeliveryId>> {
    const SQL: &str = "
        SELECT id, type, state
        FROM deliveries
        WHERE endpoint_id = $1 AND tenant_id = $2 AND id > $3 AND id < $4
        ORDER BY id LIMIT $5";
    let args = (endpoint.id, endpoint.tenant_id, after, first_uuid_at(to), PAGE);
    let rows: Vec<(DeliveryId, String, String)> = db.reader().sql(SQL, args).all().await?;
    let next = rows.last().filter(|_| is_full(&rows)).map(|(id, ..)| *id);
    let fits = |kind: &str, state: &str| states.iter().any(|it| it.as_str() == state) && types.matches(kind);
    let chosen = rows
        .iter()
        .filter(|(_, kind, state)| fits(kind, state))
        .map(|(id, ..)| *id)
        .collect();
    Ok(ReplayPage { chosen, next })
}

fn is_full<T>(rows: &[T]) -> bool {
    i64::try_from(rows.len()).is_ok_and(|count| count == PAGE)
}

/// Returns a page of the recorded events after a sequence that an endpoint subscribes to, of these types, and has no delivery of. Test
/// events are excluded: each was for one endpoint.
pub(crate) async fn missing_page(
    db: &Db,
    endpoint: &Endpoint,
    after: i64,
    recorded: &SequenceRange,
    types: &EventTypes,
) -> Result<ReplayPage<Missing, i64>> {
    const SQL: &str = "
        SELECT id, sequence, type, channel_id, conversation_id
        FROM events
        WHERE tenant_id = $1 AND sequence >= $2 AND sequence < $3 AND created_at >= $4 AND created_at < $5
        ORDER BY sequence LIMIT $6";
    const HAD: &str = "
        WITH r (rid, rendpoint) AS ({rows})
        SELECT d.id FROM r CROSS JOIN deliveries d WHERE d.endpoint_id = r.rendpoint AND d.id = r.rid";
    #[derive(sqlx::FromRow)]
    struct Row {
        id: EventId,
        sequence: i64,
        #[sqlx(rename = "type")]
        kind: String,
        channel_id: Option<ChannelId>,
        conversation_id: Option<ConversationId>,
    }
    let since = recorded.first.max(after.saturating_add(1));
    let args = (
        endpoint.tenant_id,
        since,
        recorded.end,
        recorded.from,
        recorded.to,
        PAGE,
    );
    let rows: Vec<Row> = db.reader().sql(SQL, args).all().await?;
    let next = rows.last().filter(|_| is_full(&rows)).map(|it| it.sequence);
    let (wants, channels) = (endpoint.wants(), endpoint.channels());
    let mut chosen = Vec::new();
    for row in rows {
        let of_type = wants.matches(&row.kind) && types.matches(&row.kind) && row.kind != TEST.name;
        let of_channel = channels
            .as_ref()
            .is_none_or(|only| row.channel_id.is_some_and(|it| only.contains(&it)));
        if of_type && of_channel {
            chosen.push(Missing {
                event: row.id,
                sequence: row.sequence,
                kind: row.kind,
                order_key: endpoint.ordered.then(|| order_key(row.id, row.conversation_id)),
            });
        }
    }
    let id = |it: &Missing| delivery_id(it.event, endpoint.id);
    let rows = chosen.iter().map(|it| (id(it).uuid(), endpoint.id.uuid())).collect();
    let had: Vec<(DeliveryId,)> = Rows::new(HAD, rows).all(db.reader()).await?;
    let had: HashSet<DeliveryId> = had.into_iter().map(|(id,)| id).collect();
    chosen.retain(|it| !had.contains(&id(it)));
    Ok(ReplayPage { chosen, next })
}

/// Creates deliveries of missing events, and returns how many did not exist yet.
pub(crate) async fn deliver_missing(
    tx: &mut Tx,
    endpoint: &Endpoint,
    missing: &[Missing],
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (endpoint_id, id, tenant_id, event_id, sequence, type, order_key, at) AS ({rows})
        INSERT INTO deliveries (endpoint_id, id, tenant_id, event_id, sequence, type, order_key, due_at, created_at)
        SELECT endpoint_id, id, tenant_id, event_id, sequence, type, order_key, at, at FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let row = |it: &Missing| {
        (
            endpoint.id.uuid(),
            delivery_id(it.event, endpoint.id).uuid(),
            endpoint.tenant_id.uuid(),
            it.event.uuid(),
            it.sequence,
            it.kind.clone(),
            it.order_key,
            now,
        )
    };
    let inserted = Rows::new(SQL, missing.iter().map(row).collect()).run(tx.on()).await?;
    wake_after_commit(tx, (inserted > 0).then_some(endpoint.id));
    Ok(inserted)
}
