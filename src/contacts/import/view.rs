//! Imports as they are shown.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    chunk::PreviewedRow, counts::ImportCounts, run::catalogue, sample::sample, service::ImportService, spec::ImportSpec,
};
use crate::{
    contacts::store::imports::{self, KeptError},
    db::{On, Result},
    domain::{Ctx, Id, ImportId, TaskKind, TenantId, WorkState},
    records::tasks::{self, Task},
};

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportState {
    /// Its file is on the way.
    Uploading,
    /// It has not begun, or others have their turn.
    Waiting,
    Running,
    Completed,
    Failed,
    Canceled,
}

/// An import, as its task has it.
#[derive(Clone, Debug)]
pub(crate) struct ImportReport {
    pub id: ImportId,
    pub state: ImportState,
    /// Why it failed, or why its last run did not get on.
    pub error: Option<String>,
    /// `None` while its file is on the way.
    pub spec: Option<ImportSpec>,
    pub counts: ImportCounts,
    pub preview: Vec<PreviewedRow>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub finished_at: Option<DateTime<Utc>>,
}

impl ImportReport {
    fn of(task: Task) -> Self {
        let state = match task.state {
            WorkState::Quarantined => ImportState::Uploading,
            WorkState::Pending => ImportState::Waiting,
            WorkState::Running => ImportState::Running,
            WorkState::Done => ImportState::Completed,
            WorkState::Dead => ImportState::Failed,
            WorkState::Discarded => ImportState::Canceled,
        };
        Self {
            id: ImportId::from_uuid(task.id),
            state,
            error: task.last_error.filter(|_| state != ImportState::Completed),
            spec: serde_json::from_str(&task.spec).ok(),
            counts: ImportCounts::parse(task.counts.as_deref()),
            preview: task
                .result
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default(),
            created_at: task.created_at,
            created_by: task.created_by,
            finished_at: task.finished_at,
        }
    }

    /// Returns how much longer it takes at its rate, without what waits before it; `None` before the first step and after the end.
    pub fn remaining(&self) -> Option<TimeDelta> {
        if !matches!(self.state, ImportState::Running | ImportState::Waiting) {
            return None;
        }
        let (rate, spec) = (self.counts.rate()?, self.spec.as_ref()?);
        let rows = spec.rows as f64 - self.counts.rows as f64;
        Some(TimeDelta::milliseconds((rows.max(0.0) / rate * 1_000.0) as i64))
    }
}

/// Finds an import.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, id: ImportId) -> Result<Option<ImportReport>> {
    Ok(tasks::find(on, tenant, TaskKind::Import, id)
        .await?
        .map(ImportReport::of))
}

/// Lists imports, newest first.
pub(crate) async fn list(
    on: On<'_>,
    tenant: TenantId,
    before: Option<ImportId>,
    limit: i64,
) -> Result<Vec<ImportReport>> {
    let tasks = tasks::list(on, tenant, TaskKind::Import, before.map(Id::uuid), limit).await?;
    Ok(tasks.into_iter().map(ImportReport::of).collect())
}

/// Lists errors of an import in the order of the file.
pub(crate) async fn errors(
    on: On<'_>,
    tenant: TenantId,
    id: ImportId,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<KeptError>> {
    imports::errors(on, tenant, id, after, limit).await
}

/// Cancels an import: one that waits at once, one that runs after its open chunk. What is in stays. Returns false if it has ended, or there
/// is none.
pub(crate) async fn cancel(service: &ImportService, ctx: &Ctx, id: ImportId) -> Result<bool> {
    let now = service.clock.now();
    tasks::cancel(service.db.writer(), ctx.tenant, TaskKind::Import, id, now).await
}

/// Returns a CSV file to begin with.
pub(crate) async fn sample_file(service: &ImportService, tenant: TenantId) -> Result<Vec<u8>> {
    Ok(sample(&catalogue(service, tenant).await?))
}
