//! How imports end.

use super::{counts::ImportCounts, run::RunningImport, service::IMPORTS};
use crate::{
    db::{Result, Tx},
    domain::WorkState,
    events::import::{COMPLETED, FAILED, ImportCompleted, ImportFailed},
    queue::{Outcome, counts},
    records::{
        events::{self, NewEvent},
        tasks::{self, Fence, TaskResult},
    },
};

/// Why an import has failed. Names are forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportFailure {
    /// More than half of the first 1,000 rows failed.
    LooksWrong,
    /// The file is gone from the store.
    FileMissing,
    /// A row is too long, as where a quote is not closed.
    RowTooLong,
    /// The process ended again and again while it worked on it.
    Crashed,
    /// The campaign that the rows are for was launched or removed.
    CampaignNotDraft,
}

impl ImportFailure {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LooksWrong => "looks_wrong",
            Self::FileMissing => "file_missing",
            Self::RowTooLong => "row_too_long",
            Self::Crashed => "crashed",
            Self::CampaignNotDraft => "campaign_not_draft",
        }
    }
}

/// How an import ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportEnd {
    Completed,
    /// What is in stays.
    Canceled,
    /// What is in stays.
    Failed(ImportFailure),
}

impl From<ImportFailure> for ImportEnd {
    fn from(why: ImportFailure) -> Self {
        Self::Failed(why)
    }
}

/// Ends an import, with its event.
pub(super) async fn end(
    import: &RunningImport<'_>,
    fence: Fence,
    counted: &ImportCounts,
    end: ImportEnd,
) -> Result<Outcome> {
    let (state, error) = match end {
        ImportEnd::Completed => (WorkState::Done, None),
        ImportEnd::Canceled => (WorkState::Discarded, None),
        ImportEnd::Failed(why) => (WorkState::Dead, Some(why.as_str().to_owned())),
    };
    let result = TaskResult {
        state,
        error,
        result: None,
    };
    let now = import.service.clock.now();
    let write = async |tx: &mut Tx| {
        tasks::end(tx, fence, result, now).await?;
        let failed = i64::from(state == WorkState::Dead);
        counts::add(tx.on(), &IMPORTS, now, 1 - failed, failed).await?;
        events::append(tx, &event(import, counted, end), now).await
    };
    import.service.db.background_transaction(write).await?;
    let label = match end {
        ImportEnd::Completed => "completed",
        ImportEnd::Canceled => "canceled",
        ImportEnd::Failed(_) => "failed",
    };
    metrics::counter!("mainstay_imports_total", "outcome" => label).increment(1);
    Ok(Outcome::Settled)
}

/// Builds the event of an end. A trial and a canceled import have none.
fn event(import: &RunningImport<'_>, counted: &ImportCounts, end: ImportEnd) -> Vec<NewEvent> {
    let (clock, now) = (&import.service.clock, import.service.clock.now());
    if import.spec.policies.dry_run {
        return Vec::new();
    }
    let event = match end {
        ImportEnd::Canceled => return Vec::new(),
        ImportEnd::Completed => {
            let data = ImportCompleted {
                import_id: import.id,
                filename: import.spec.filename.as_deref(),
                rows: counted.rows,
                created: counted.created,
                updated: counted.updated,
                unchanged: counted.unchanged,
                skipped: counted.skipped,
                failed: counted.failed,
            };
            NewEvent::new(clock, import.tenant, &COMPLETED, now, &data)
        }
        ImportEnd::Failed(why) => {
            let data = ImportFailed {
                import_id: import.id,
                filename: import.spec.filename.as_deref(),
                reason: why.as_str(),
                rows: counted.rows,
            };
            NewEvent::new(clock, import.tenant, &FAILED, now, &data)
        }
    };
    vec![event.by(import.by)]
}
