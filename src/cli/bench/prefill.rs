//! Fills a database as after long use; by SQL, since only its size matters.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::uuid_at,
    db::{Result, Rows},
    domain::{ChannelId, Id, TenantId},
    records::{channels, tenants},
    tenancy::TenantService,
};

const MESSAGES: usize = 5;
const CHUNK: i64 = 2_000;

/// Creates conversations with five messages each, of customers other than the load's.
pub async fn run(registry: &TenantService, conversations: i64) -> anyhow::Result<()> {
    if conversations == 0 {
        return Ok(());
    }
    let tenant = tenants::all(registry.db.writer()).await?.remove(0).id;
    let channel = channels::of_tenant(registry.db.writer(), tenant).await?.remove(0).id;
    let start = registry.clock.now() - TimeDelta::days(90);
    let mut made = 0;
    while made < conversations {
        chunk(
            registry,
            tenant,
            channel,
            start,
            made..(made + CHUNK).min(conversations),
        )
        .await?;
        made += CHUNK;
    }
    if registry.db.is_postgres() {
        registry.db.sql("VACUUM ANALYZE", ()).run().await?;
    }
    Ok(())
}

async fn chunk(
    registry: &TenantService,
    tenant: TenantId,
    channel: ChannelId,
    start: DateTime<Utc>,
    numbers: std::ops::Range<i64>,
) -> Result<()> {
    const CONTACTS: &str = "
        WITH r (tenant_id, id, name, at) AS ({rows})
        INSERT INTO contacts (tenant_id, id, kind, name, created_at, updated_at)
        SELECT tenant_id, id, 'person', name, at, at FROM r";
    const IDENTITIES: &str = "
        WITH r (tenant_id, value, id, at) AS ({rows})
        INSERT INTO contact_identities (tenant_id, kind, value, contact_id, created_at)
        SELECT tenant_id, 'phone', value, id, at FROM r";
    const CONVERSATIONS: &str = "
        WITH r (tenant_id, id, channel_id, contact_id, at, wamid) AS ({rows})
        INSERT INTO conversations (tenant_id, id, channel_id, contact_id, last_message_at, last_message_wamid,
            last_message_direction, last_message_type, last_message_text, unread_count, created_at, updated_at)
        SELECT tenant_id, id, channel_id, contact_id, at, wamid, 'inbound', 'text', 'an earlier message', 5, at, at FROM r";
    const MESSAGES_SQL: &str = "
        WITH r (tenant_id, id, channel_id, conversation_id, contact_id, wamid, payload, at) AS ({rows})
        INSERT INTO messages (tenant_id, id, channel_id, conversation_id, contact_id, wamid, direction, origin, type, status,
            status_rank, text, payload, sent_at, received_at)
        SELECT tenant_id, id, channel_id, conversation_id, contact_id, wamid, 'inbound', 'customer', 'text', 'received',
            0, 'an earlier message, about as long as people write', payload, at, at FROM r";
    let (mut contacts, mut identities, mut conversations, mut messages) = (vec![], vec![], vec![], vec![]);
    let tenant = tenant.uuid();
    let channel = channel.uuid();
    for n in numbers {
        let at = start + TimeDelta::seconds(n);
        let (contact, conversation) = (uuid_at(at), uuid_at(at));
        contacts.push((tenant, contact, format!("Earlier customer {n}"), at));
        identities.push((tenant, format!("4477{n:09}"), contact, at));
        conversations.push((
            tenant,
            conversation,
            channel,
            contact,
            at,
            format!("wamid.earlier.{n}.4"),
        ));
        for message in 0..MESSAGES {
            let wamid = format!("wamid.earlier.{n}.{message}");
            let payload = format!(
                r#"{{"from":"4477{n:09}","id":"{wamid}","type":"text","text":{{"body":"an earlier message"}}}}"#
            );
            messages.push((tenant, uuid_at(at), channel, conversation, contact, wamid, payload, at));
        }
    }
    let mut tx = registry.db.begin().await?;
    Rows::new(CONTACTS, contacts).run(tx.on()).await?;
    Rows::new(IDENTITIES, identities).run(tx.on()).await?;
    Rows::new(CONVERSATIONS, conversations).run(tx.on()).await?;
    Rows::new(MESSAGES_SQL, messages).run(tx.on()).await?;
    tx.commit().await
}
