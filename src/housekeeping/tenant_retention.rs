//! Removes what a tenant keeps for a shorter time than the installation: messages, media and events.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::retention::CHUNK;
use crate::{
    app::App,
    clock::first_uuid_at,
    db::{Result, Rows, Tx},
    domain::{Id, MediaId, TenantId},
    media,
    records::{lock_order::Stage, tenants},
    tenancy,
};

/// Removes what is too old of every tenant with a retention of its own, and returns the numbers by what it is.
pub(super) async fn clean_up(app: &App) -> Result<[(&'static str, u64); 3]> {
    let now = app.clock.now();
    let (mut messages, mut media, mut events) = (0, 0, 0);
    for tenant in tenants::with_retention(app.db.reader()).await? {
        let (id, kept) = (tenant.id, tenancy::retention(&tenant));
        let before = |days: Option<i64>| days.map(|days| now - TimeDelta::days(days));
        if let Some(before) = before(kept.messages) {
            messages += remove_messages(app, id, before).await?;
            forget_last_texts(app, id, before).await?;
        }
        if let Some(before) = before(kept.media) {
            media += media::expire_of(&app.media, id, before).await?;
        }
        if let Some(before) = before(kept.events) {
            events += remove_events(app, id, before).await?;
        }
    }
    Ok([
        ("tenant_messages", messages),
        ("tenant_media", media),
        ("tenant_events", events),
    ])
}

/// A message to remove.
#[derive(sqlx::FromRow)]
struct OldMessage {
    id: Uuid,
    channel_id: Uuid,
    wamid: Option<String>,
    media_id: Option<MediaId>,
}

/// Removes messages that were received before a time, or were to be sent before it, with their files. One whose outcome is open stays until
/// it is known.
async fn remove_messages(app: &App, tenant: TenantId, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        SELECT id, channel_id, wamid, media_id FROM messages
        WHERE tenant_id = $1 AND id < $2 AND sent_at < $3 AND status || '' NOT IN ('queued', 'sending', 'unknown')
        ORDER BY id LIMIT $4";
    let mut removed = 0;
    loop {
        let args = (tenant, first_uuid_at(before), before, CHUNK);
        let old: Vec<OldMessage> = app.db.reader().sql(SQL, args).all().await?;
        for id in old.iter().filter_map(|it| it.media_id) {
            media::release(&app.media, tenant, id).await?;
        }
        let mut tx = app.db.begin_as(tenant).await?;
        removed += remove(&mut tx, tenant, &old).await?;
        tx.commit().await?;
        if (old.len() as i64) < CHUNK {
            return Ok(removed);
        }
        tokio::task::yield_now().await;
    }
}

/// Removes messages with their statuses, sends and attempts.
async fn remove(tx: &mut Tx, tenant: TenantId, old: &[OldMessage]) -> Result<u64> {
    const MESSAGES: &str = "
        WITH r (tenant_id, id) AS ({rows})
        DELETE FROM messages WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM r)";
    const STATUSES: &str = "
        WITH r (channel_id, wamid) AS ({rows})
        DELETE FROM message_statuses WHERE (channel_id, wamid) IN (SELECT channel_id, wamid FROM r)";
    const SENDS: &str = "WITH r (id) AS ({rows}) DELETE FROM sends WHERE id IN (SELECT id FROM r)";
    const ATTEMPTS: &str = "
        WITH r (message_id) AS ({rows})
        DELETE FROM send_attempts WHERE message_id IN (SELECT message_id FROM r)";
    Stage::Messages.reach(tx);
    let ids = || old.iter().map(|it| (it.id,)).collect();
    let wamids = old.iter().filter_map(|it| Some((it.channel_id, it.wamid.clone()?)));
    let keys = old.iter().map(|it| (tenant.uuid(), it.id)).collect();
    let removed = Rows::new(MESSAGES, keys).run(tx.on()).await?;
    Rows::new(STATUSES, wamids.collect()).run(tx.on()).await?;
    Rows::new(SENDS, ids()).run(tx.on()).await?;
    Rows::new(ATTEMPTS, ids()).run(tx.on()).await?;
    Ok(removed)
}

/// Removes the texts of last messages from the conversations that ended before a time.
async fn forget_last_texts(app: &App, tenant: TenantId, before: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE conversations SET last_message_text = NULL
        WHERE tenant_id = $1 AND id IN (
            SELECT id FROM conversations
            WHERE tenant_id = $1 AND last_message_at < $2 AND last_message_text IS NOT NULL
            ORDER BY last_message_at, id LIMIT $3)
            AND last_message_at < $2";
    loop {
        let mut tx = app.db.begin_as(tenant).await?;
        Stage::Conversations.reach(&mut tx);
        let forgotten = tx.sql(SQL, (tenant, before, CHUNK)).run().await?;
        tx.commit().await?;
        if forgotten < CHUNK as u64 {
            return Ok(());
        }
    }
}

/// Removes the oldest events of a tenant. They are looked for in their order, so that a statement never reads more than a chunk.
async fn remove_events(app: &App, tenant: TenantId, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM events WHERE tenant_id = $1 AND sequence IN (
            SELECT e.sequence FROM (
                SELECT sequence, created_at FROM events WHERE tenant_id = $1 ORDER BY sequence LIMIT $3) e
            WHERE e.created_at < $2)";
    let mut removed = 0;
    loop {
        let rows = app.db.sql(SQL, (tenant, before, CHUNK)).run().await?;
        removed += rows;
        if rows < CHUNK as u64 {
            return Ok(removed);
        }
        tokio::task::yield_now().await;
    }
}
