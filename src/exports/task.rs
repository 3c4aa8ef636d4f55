//! Exports that are written to a file: asked for, shown, fetched, removed.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    error::ExportError,
    link::{self, ExportLink, LINK_LIFE},
    run::{ExportCounts, ExportSpec},
    service::{EXPORTS, ExportService},
};
use crate::{
    db::{On, Result},
    domain::{Ctx, ExportId, Id, TaskKind, TenantId, WorkState},
    records::tasks::{self, NewTask, Task},
    storage::StorageKey,
};

/// Exports of a tenant that may be on their way at once.
pub(crate) const MAX_OPEN: i64 = 10;
/// How long the file of an export is kept.
const FILE_KEPT: TimeDelta = TimeDelta::days(7);

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportState {
    Waiting,
    Running,
    /// The file is there.
    Ready,
    Failed,
    /// The file was removed, seven days after it was written.
    Expired,
}

/// An export, as its task has it.
#[derive(Clone, Debug)]
pub(crate) struct ExportReport {
    pub id: ExportId,
    pub tenant: TenantId,
    pub state: ExportState,
    pub error: Option<String>,
    pub spec: ExportSpec,
    pub counts: ExportCounts,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub finished_at: Option<DateTime<Utc>>,
}

impl ExportReport {
    fn of(task: Task) -> Option<Self> {
        let state = match task.state {
            WorkState::Pending | WorkState::Quarantined => ExportState::Waiting,
            WorkState::Running => ExportState::Running,
            WorkState::Done if task.subject.is_some() => ExportState::Ready,
            WorkState::Done => ExportState::Expired,
            WorkState::Dead | WorkState::Discarded => ExportState::Failed,
        };
        Some(Self {
            id: ExportId::from_uuid(task.id),
            tenant: task.tenant_id,
            state,
            error: task.last_error.filter(|_| state != ExportState::Ready),
            spec: serde_json::from_str(&task.spec).ok()?,
            counts: ExportCounts::parse(task.counts.as_deref()),
            created_at: task.created_at,
            created_by: task.created_by,
            finished_at: task.finished_at,
        })
    }

    /// Returns the key of the file.
    pub fn key(&self) -> StorageKey {
        StorageKey::of(self.tenant.uuid(), self.id.uuid())
    }

    /// Returns the token of a link to the file, and until when it is good; `None` while there is no file.
    pub fn link(&self, service: &ExportService) -> Option<(String, DateTime<Utc>)> {
        if self.state != ExportState::Ready {
            return None;
        }
        let until = service.clock.now() + LINK_LIFE;
        let expires_at = DateTime::from_timestamp(until.timestamp(), 0)?;
        let link = ExportLink {
            tenant: self.tenant,
            export: self.id,
            expires_at,
        };
        Some((link::sign(&service.keyring, &link), expires_at))
    }
}

/// Queues an export.
pub(crate) async fn request(
    service: &ExportService,
    ctx: &Ctx,
    spec: ExportSpec,
) -> std::result::Result<ExportId, ExportError> {
    if tasks::count_open(service.db.reader(), ctx.tenant, TaskKind::Export).await? >= MAX_OPEN {
        return Err(ExportError::TooManyOpen);
    }
    let (id, now): (ExportId, _) = (service.clock.new_id(), service.clock.now());
    let task = NewTask {
        tenant: ctx.tenant,
        id,
        kind: TaskKind::Export,
        subject: Some(id.uuid()),
        spec: serde_json::to_string(&spec).expect("names and ids always serialise"),
        counts: None,
        waits: false,
        by: ctx.actor,
    };
    tasks::insert(service.db.writer(), &task, now).await?;
    // The row is committed; if the push fails, the sweep finds it.
    drop(service.queues.push(&EXPORTS, [id.uuid()], now).await);
    Ok(id)
}

/// Finds an export.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, id: ExportId) -> Result<Option<ExportReport>> {
    let task = tasks::find(on, tenant, TaskKind::Export, id).await?;
    Ok(task.and_then(ExportReport::of))
}

/// Removes old files. One that the store does not give up is tried again the next time.
pub async fn clean_up(service: &ExportService) -> Result<()> {
    let now = service.clock.now();
    let before = now - FILE_KEPT;
    for (id, tenant) in tasks::with_old_file(service.db.reader(), TaskKind::Export, before, before).await? {
        match service.storage.remove(&StorageKey::of(tenant.uuid(), id)).await {
            Ok(()) => tasks::file_is_gone(service.db.writer(), id, now).await?,
            Err(error) => tracing::warn!(%error, task.id = %id, "the file of an export could not be removed"),
        }
    }
    Ok(())
}
