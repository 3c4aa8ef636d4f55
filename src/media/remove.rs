//! The end of media: by request, by age, and of files that nobody needs.

use super::content::Variant;
use crate::{
    db::Result,
    domain::{Id, MediaFileId, MediaId, TenantId},
    media::MediaService,
    media::store::{self, Removed},
    records::quotas,
    storage::StorageKey,
};

/// Rows taken at a time.
const CHUNK: i64 = 100;

/// Removes media for good; false when there are none of that id. Messages go on naming it. What Meta was given of it is left to end there
/// by itself, 30 days after the upload: messages on their way may still name it, and nothing says when Meta has looked.
pub async fn delete(service: &MediaService, tenant: TenantId, id: MediaId) -> Result<bool> {
    let found = let_go(service, tenant, id).await?;
    if found {
        clear(service).await?;
    }
    Ok(found)
}

/// Lets go of what is older than the installation keeps media, and tells how many that were.
pub async fn expire(service: &MediaService) -> Result<u64> {
    let before = service.clock.now() - service.retention;
    let mut gone = 0;
    loop {
        let old = store::older_than(service.db.reader(), before, CHUNK).await?;
        for &(tenant, id) in &old {
            gone += u64::from(let_go(service, tenant, id).await?);
        }
        if (old.len() as i64) < CHUNK {
            return Ok(gone);
        }
        tokio::task::yield_now().await;
    }
}

async fn let_go(service: &MediaService, tenant: TenantId, id: MediaId) -> Result<bool> {
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    let Some(held) = store::delete(&mut tx, tenant, id, now).await? else {
        tx.rollback().await?;
        return Ok(false);
    };
    if let Some(file) = held.file {
        store::release(&mut tx, tenant, file, now).await?;
    }
    if held.uploaded > 0 {
        quotas::give_back(&mut tx, tenant, held.uploaded).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Removes the files that nobody needs any more, and what was left in the store by accident.
pub async fn clear(service: &MediaService) -> Result<()> {
    for (tenant, file) in store::orphaned(service.db.reader(), CHUNK).await? {
        let mut tx = service.db.begin().await?;
        if store::remove(&mut tx, tenant, file).await? == Removed::Yes {
            store::plan(&mut tx, &keys(tenant, file), service.clock.now()).await?;
        }
        tx.commit().await?;
    }
    let due = store::due(service.db.reader(), service.clock.now(), CHUNK).await?;
    let keys: Vec<StorageKey> = due.into_iter().map(|(key,)| StorageKey::from_stored(key)).collect();
    at_once(service, &keys).await;
    Ok(())
}

/// The file, and everything that may have been made of it.
fn keys(tenant: TenantId, file: MediaFileId) -> Vec<String> {
    let original = StorageKey::of(tenant.uuid(), file.uuid());
    let variants = Variant::ALL.map(|variant| original.derived(variant.as_str()));
    let all = std::iter::once(&original).chain(&variants);
    all.map(|key| key.as_str().to_owned()).collect()
}

/// Removes files from the store that are noted to be removed. What cannot be done now is done by housekeeping when its time has come.
pub(super) async fn at_once(service: &MediaService, keys: &[StorageKey]) {
    let mut gone = Vec::with_capacity(keys.len());
    for key in keys {
        match service.storage.remove(key).await {
            Ok(()) => gone.push(key.as_str().to_owned()),
            Err(error) => {
                tracing::warn!(%error, "a file could not be removed from the store; it is tried again");
                metrics::counter!("mainstay_storage_failures_total", "what" => "remove").increment(1);
            }
        }
    }
    if let Err(error) = store::removed(&service.db, &gone).await {
        tracing::debug!(%error, "files that are gone could not be forgotten; they are removed once more later");
    }
}
