//! Writes an export to a file.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    error::ExportError,
    pages::ExportPages,
    service::{EXPORTS, ExportService},
    sheet::SheetStyle,
    subject::ExportSubject,
};
use crate::{
    db::{Result, Tx},
    domain::{Actor, ExportId, Id, WorkState},
    events::export::{ExportReady, READY},
    queue::{Outcome, counts},
    records::{
        events::{self, NewEvent},
        tasks::{self, Fence, Task, TaskResult},
    },
    storage::{self, StorageKey},
};

/// How often progress is written while an export goes on.
const PROGRESS: Duration = Duration::from_secs(2);

/// What is exported, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExportSpec {
    pub subject: ExportSubject,
    pub style: SheetStyle,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ExportCounts {
    pub rows: i64,
    pub bytes: i64,
}

impl ExportCounts {
    pub fn parse(stored: Option<&str>) -> Self {
        stored
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    pub fn stored(&self) -> String {
        serde_json::to_string(self).expect("numbers always serialise")
    }
}

/// Writes an export from its beginning to its end. The file is there once it is whole.
pub async fn run(service: &ExportService, id: ExportId) -> Result<Outcome> {
    match take(service, id).await {
        // Whoever has it now goes on.
        Err(error) if tasks::is_lease_lost(&error) => Ok(Outcome::Settled),
        result => result,
    }
}

async fn take(service: &ExportService, id: ExportId) -> Result<Outcome> {
    let Some(task) = tasks::find_leased(service.db.writer(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let spec: ExportSpec = match serde_json::from_str(&task.spec) {
        Ok(spec) => spec,
        Err(error) => return Ok(Outcome::discard(error)),
    };
    let mut writing = Writing {
        service,
        fence: Fence::of(&task),
        task: &task,
        counts: ExportCounts::default(),
        is_canceled: task.canceled_at.is_some(),
    };
    let pages = ExportPages::begin(
        &service.db,
        &service.clock,
        task.tenant_id,
        spec.subject.clone(),
        spec.style,
    )
    .await;
    let pages = match pages {
        Ok(pages) => pages,
        Err(ExportError::Database(error)) => return Err(error),
        Err(error) => return Ok(Outcome::discard(error)),
    };
    match writing.write(pages).await? {
        Ok(()) => writing.end(id, &spec).await,
        Err(error) => Ok(Outcome::retry(error)),
    }
}

/// An export that a run writes.
struct Writing<'a> {
    service: &'a ExportService,
    fence: Fence,
    task: &'a Task,
    counts: ExportCounts,
    is_canceled: bool,
}

impl Writing<'_> {
    /// Writes the file, unless it is canceled meanwhile.
    async fn write(&mut self, mut pages: ExportPages) -> Result<std::result::Result<(), storage::Error>> {
        let key = StorageKey::of(self.task.tenant_id.uuid(), self.task.id);
        let mut writer = self.service.storage.write(&key);
        let mut reported = Instant::now();
        while !self.is_canceled
            && let Some(text) = pages.next().await?
        {
            self.counts.rows = pages.rows;
            self.counts.bytes += i64::try_from(text.len()).unwrap_or(0);
            if let Err(error) = writer.push(text).await {
                writer.abort().await;
                return Ok(Err(error));
            }
            if reported.elapsed() >= PROGRESS {
                reported = Instant::now();
                self.tell().await?;
            }
        }
        if self.is_canceled {
            writer.abort().await;
            return Ok(Ok(()));
        }
        Ok(writer.finish().await)
    }

    async fn tell(&mut self) -> Result<()> {
        let (fence, counts) = (self.fence, self.counts.stored());
        let to = fence.position + 1;
        let step = async |tx: &mut Tx| tasks::step(tx, fence, to, &counts).await;
        self.is_canceled = self.service.db.background_transaction(step).await?;
        self.fence = fence.at(to);
        Ok(())
    }

    async fn end(mut self, id: ExportId, spec: &ExportSpec) -> Result<Outcome> {
        if !self.is_canceled {
            self.tell().await?;
        }
        let (service, tenant) = (self.service, self.task.tenant_id);
        let now = service.clock.now();
        let result = TaskResult {
            state: if self.is_canceled {
                WorkState::Discarded
            } else {
                WorkState::Done
            },
            error: None,
            result: None,
        };
        let by = match self.task.created_by.parse() {
            Ok(key) => Actor::ApiKey(key),
            Err(_) => Actor::Operator,
        };
        let data = ExportReady {
            export_id: id,
            subject: spec.subject.name(),
            rows: self.counts.rows,
            bytes: self.counts.bytes,
        };
        let event = NewEvent::new(&service.clock, tenant, &READY, now, &data).by(by);
        let events = if self.is_canceled { vec![] } else { vec![event] };
        let write = async |tx: &mut Tx| {
            tasks::end(tx, self.fence, result, now).await?;
            counts::add(tx.on(), &EXPORTS, now, 1, 0).await?;
            events::append(tx, &events, now).await
        };
        service.db.background_transaction(write).await?;
        Ok(Outcome::Settled)
    }
}
