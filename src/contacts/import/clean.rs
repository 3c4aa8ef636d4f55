//! Removes what is no longer needed of imports.

use chrono::TimeDelta;
use uuid::Uuid;

use super::service::ImportService;
use crate::{
    contacts::store::imports,
    db::Result,
    domain::{Id, TaskKind, TenantId},
    records::tasks,
    storage::StorageKey,
};

/// How long the file and the errors of an import are kept after its end.
const FILE_KEPT: TimeDelta = TimeDelta::days(30);
/// How long an upload may take before it counts as broken off.
const UPLOAD_KEPT: TimeDelta = TimeDelta::days(1);
/// How long an ended task is kept.
const TASK_KEPT: TimeDelta = TimeDelta::days(90);
/// Errors removed by one statement.
const CHUNK: i64 = 500;

/// Removes old files, errors and tasks. A file that the store does not give up is tried again the next time.
pub async fn clean_up(service: &ImportService) -> Result<()> {
    let now = service.clock.now();
    let db = &service.db;
    let old = tasks::with_old_file(db.reader(), TaskKind::Import, now - FILE_KEPT, now - UPLOAD_KEPT).await?;
    for (id, tenant) in old {
        remove_errors(service, tenant, id).await?;
        match service.storage.remove(&StorageKey::of(tenant.uuid(), id)).await {
            Ok(()) => tasks::file_is_gone(db.writer(), id, now).await?,
            Err(error) => tracing::warn!(%error, task.id = %id, "the file of an import could not be removed"),
        }
    }
    while tasks::remove_ended(db.writer(), now - TASK_KEPT).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn remove_errors(service: &ImportService, tenant: TenantId, import: Uuid) -> Result<()> {
    while imports::remove_errors(service.db.writer(), tenant, import, CHUNK).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}
