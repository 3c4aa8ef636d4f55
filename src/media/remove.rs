//! Deletes media by request and by age, and removes orphaned files.

use chrono::{DateTime, Utc};

use super::content::Variant;
use crate::{
    db::Result,
    domain::{Ctx, Id, MediaFileId, MediaId, TenantId},
    media::MediaService,
    media::store::{self, Removed},
    records::quotas,
    storage::StorageKey,
};

/// Rows per query.
const BATCH: i64 = 100;

/// Deletes media. Returns false if the id is unknown. Messages keep the reference. The upload at Meta is left to expire, 30 days after it
/// was made: queued messages may still name it, and nothing reports when Meta has read it.
pub async fn delete(service: &MediaService, ctx: &Ctx, id: MediaId) -> Result<bool> {
    let tenant = ctx.tenant;
    let found = release(service, tenant, id).await?;
    if found {
        remove_orphans(service).await?;
    }
    Ok(found)
}

/// Deletes media older than the retention. Returns the number.
pub(crate) async fn expire(service: &MediaService) -> Result<u64> {
    release_older(service, None, service.clock.now() - service.retention).await
}

/// Deletes media of a tenant that are older than a time. Returns the number.
pub(crate) async fn expire_of(service: &MediaService, tenant: TenantId, before: DateTime<Utc>) -> Result<u64> {
    release_older(service, Some(tenant), before).await
}

async fn release_older(service: &MediaService, of: Option<TenantId>, before: DateTime<Utc>) -> Result<u64> {
    let mut gone = 0;
    loop {
        let old = match of {
            None => store::list_older_than(service.db.reader(), before, BATCH).await?,
            Some(tenant) => store::list_older_of(service.db.reader(), tenant, before, BATCH).await?,
        };
        for &(tenant, id) in &old {
            gone += u64::from(release(service, tenant, id).await?);
        }
        if (old.len() as i64) < BATCH {
            return Ok(gone);
        }
        tokio::task::yield_now().await;
    }
}

/// Deletes media, and leaves its file to be removed soon after. Returns false if it is unknown or deleted.
pub(crate) async fn release(service: &MediaService, tenant: TenantId, id: MediaId) -> Result<bool> {
    let now = service.clock.now();
    let mut tx = service.db.begin_as(tenant).await?;
    let Some(released) = store::delete(&mut tx, tenant, id, now).await? else {
        tx.rollback().await?;
        return Ok(false);
    };
    if let Some(file) = released.file {
        store::mark_orphaned(tx.on(), tenant, file, now).await?;
    }
    if released.uploaded > 0 {
        quotas::subtract_bytes(tx.on(), tenant, released.uploaded).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Removes files that no media refers to, and those whose scheduled removal is due.
pub(crate) async fn remove_orphans(service: &MediaService) -> Result<()> {
    for (tenant, file) in store::list_orphaned(service.db.reader(), BATCH).await? {
        let mut tx = service.db.begin().await?;
        if store::remove_orphan(&mut tx, tenant, file).await? == Removed::Yes {
            store::schedule_removal(tx.on(), &keys(tenant, file), service.clock.now()).await?;
        }
        tx.commit().await?;
    }
    let due = store::due_removals(service.db.reader(), service.clock.now(), BATCH).await?;
    let keys: Vec<StorageKey> = due.into_iter().map(|(key,)| StorageKey::from_stored(key)).collect();
    remove_now(service, &keys).await;
    Ok(())
}

/// Returns the keys of a file and of all its possible variants.
fn keys(tenant: TenantId, file: MediaFileId) -> Vec<String> {
    let original = StorageKey::of(tenant.uuid(), file.uuid());
    let variants = Variant::ALL.map(|variant| original.derived(variant.as_str()));
    let all = std::iter::once(&original).chain(&variants);
    all.map(|key| key.as_str().to_owned()).collect()
}

/// Removes files whose removal is scheduled. Housekeeping retries failures when the schedule is due.
pub(super) async fn remove_now(service: &MediaService, keys: &[StorageKey]) {
    let mut gone = Vec::with_capacity(keys.len());
    for key in keys {
        match service.storage.remove(key).await {
            Ok(()) => gone.push(key.as_str().to_owned()),
            Err(error) => {
                tracing::warn!(%error, "a file could not be removed from the store; will retry");
                metrics::counter!("mainstay_storage_failures_total", "what" => "remove").increment(1);
            }
        }
    }
    if let Err(error) = store::complete_removals(service.db.writer(), &gone).await {
        tracing::debug!(%error, "removed files could not be recorded; their removal will be repeated");
    }
}
