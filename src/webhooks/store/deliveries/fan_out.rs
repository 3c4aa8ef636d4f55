//! Creates deliveries: one for each event and endpoint.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{KeyedRows, Result, Rows, Tx},
    domain::{ChannelId, ConversationId, EndpointId, EventId, EventTypes, Id, TenantId, delivery_id},
    records::events::NewEvent,
    webhooks::store::endpoints::{self, wake_after_commit},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: EndpointId,
    tenant_id: TenantId,
    event_types: String,
    channels: Option<String>,
    ordered: bool,
}

/// The properties of an endpoint that decide which events it gets.
struct Receiver {
    id: EndpointId,
    types: EventTypes,
    channels: Option<Vec<ChannelId>>,
    ordered: bool,
}

impl Receiver {
    fn wants(&self, event: &NewEvent) -> bool {
        let wanted = |only: &Vec<ChannelId>| event.channel.is_some_and(|channel| only.contains(&channel));
        self.types.matches(event.kind) && self.channels.as_ref().is_none_or(wanted)
    }
}

/// Creates deliveries of events, each with its sequence, to every enabled endpoint that subscribes to them, in the transaction that stores
/// the events. The endpoints' jobs are woken after the commit.
pub(crate) async fn fan_out(tx: &mut Tx, events: &[(&NewEvent, i64)], now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant) AS ({rows})
        SELECT e.id, e.tenant_id, e.event_types, e.channels, e.ordered
        FROM {r CROSS JOIN} endpoints e
        WHERE {e.tenant_id = r.tenant} AND e.disabled_at IS NULL AND e.deleted_at IS NULL";
    let tenants: BTreeSet<Uuid> = events.iter().map(|(event, _)| event.tenant.uuid()).collect();
    let tenants = tenants.into_iter().map(|tenant| (tenant,)).collect();
    let rows: Vec<Row> = KeyedRows::new(SQL, tenants).all(tx.on()).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut receivers: BTreeMap<Uuid, Vec<Receiver>> = BTreeMap::new();
    for row in rows {
        receivers.entry(row.tenant_id.uuid()).or_default().push(Receiver {
            id: row.id,
            types: EventTypes::from_json(&row.event_types),
            channels: endpoints::channels(row.channels.as_deref()),
            ordered: row.ordered,
        });
    }
    let mut wanted = Vec::new();
    for (event, sequence) in events {
        let of_tenant = receivers.get(&event.tenant.uuid()).into_iter().flatten();
        wanted.extend(of_tenant.filter(|it| it.wants(event)).map(|it| (it, *event, *sequence)));
    }
    insert(tx, wanted, now).await
}

/// Creates a delivery of an event to one endpoint, whether or not it subscribes to the type.
pub async fn deliver_to(
    tx: &mut Tx,
    endpoint: EndpointId,
    (event, sequence): (&NewEvent, i64),
    now: DateTime<Utc>,
) -> Result<()> {
    let receiver = Receiver {
        id: endpoint,
        types: EventTypes::from_json("[]"),
        channels: None,
        // Nothing else has its order key, so it does not wait behind conversations with many deliveries.
        ordered: true,
    };
    insert(tx, vec![(&receiver, event, sequence)], now).await
}

/// Returns the key within which order is kept: the conversation, or else the event itself.
pub(super) fn order_key(event: EventId, conversation: Option<ConversationId>) -> Uuid {
    conversation.map_or(event.uuid(), Id::uuid)
}

async fn insert(tx: &mut Tx, wanted: Vec<(&Receiver, &NewEvent, i64)>, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        WITH r (endpoint_id, id, tenant_id, event_id, sequence, type, order_key, at) AS ({rows})
        INSERT INTO deliveries (endpoint_id, id, tenant_id, event_id, sequence, type, order_key, due_at, created_at)
        SELECT endpoint_id, id, tenant_id, event_id, sequence, type, order_key, at, at FROM r";
    if wanted.is_empty() {
        return Ok(());
    }
    metrics::counter!("mainstay_deliveries_created_total").increment(wanted.len() as u64);
    let row = |(receiver, event, sequence): &(&Receiver, &NewEvent, i64)| {
        let key = receiver.ordered.then(|| order_key(event.id, event.conversation));
        (
            receiver.id.uuid(),
            delivery_id(event.id, receiver.id).uuid(),
            event.tenant.uuid(),
            event.id.uuid(),
            *sequence,
            event.kind.to_owned(),
            key,
            now,
        )
    };
    let rows = wanted.iter().map(row).collect();
    Rows::new(SQL, rows).run(tx.on()).await?;
    let touched: BTreeSet<EndpointId> = wanted.iter().map(|(receiver, ..)| receiver.id).collect();
    wake_after_commit(tx, touched);
    Ok(())
}
