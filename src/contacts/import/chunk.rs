//! One chunk of an import, in one transaction.

use std::collections::HashSet;

use super::{
    apply::{AppliedChunk, apply},
    counts::{ImportCounts, RowOutcome},
    events::contact_events,
    read_row::JudgedRow,
    row_error::RowError,
    run::{EARLY_ROWS, RunningImport},
};
use crate::{
    contacts::{
        people,
        store::imports::{self, KeptError},
    },
    db::{Result, Tx, retry_conflicts},
    domain::ContactId,
    records::{events, tasks, tasks::Fence},
};

/// Most errors of an import that are kept; the count goes on.
const MAX_KEPT_ERRORS: i64 = 100_000;
/// Rows that a trial shows.
const PREVIEWED_ROWS: i64 = 1_000;

/// Rows that are written together.
pub(super) struct Chunk {
    pub rows: Vec<JudgedRow>,
    /// Where in the file the last one ends; `None` without rows.
    pub ends_at: Option<i64>,
}

/// What came of a chunk.
pub(super) struct WrittenChunk {
    pub counts: ImportCounts,
    pub is_canceled: bool,
}

/// A row as a trial shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub(crate) struct PreviewedRow {
    /// The number of the row in the file; the header is row 1.
    pub row: i64,
    pub outcome: RowOutcome,
    /// The contact that exists.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
}

/// Writes a chunk, with its errors, the counts so far and the fence: all or nothing. A trial writes no contacts.
pub(super) async fn write_chunk(
    import: &RunningImport<'_>,
    fence: Fence,
    chunk: &Chunk,
    counts: ImportCounts,
) -> Result<WrittenChunk> {
    let written = write(import, fence, chunk, counts).await?;
    written.counts.report_since(&counts);
    Ok(written)
}

async fn write(import: &RunningImport<'_>, fence: Fence, chunk: &Chunk, counts: ImportCounts) -> Result<WrittenChunk> {
    let (db, clock) = (&import.service.db, &import.service.clock);
    if import.spec.policies.dry_run {
        let applied = retry_conflicts(|| try_out(import, chunk)).await?;
        let step = async |tx: &mut Tx| end_step(tx, import, fence, chunk, &applied, counts).await;
        return db.background_transaction(step).await;
    }
    let write = || async {
        let step = async |tx: &mut Tx| {
            let mut applied = apply(tx, import, &chunk.rows).await?;
            count_merged(&mut applied, &import.merged());
            end_step(tx, import, fence, chunk, &applied, counts).await
        };
        people::after_merges(db, clock, db.background_transaction(step).await).await
    };
    retry_conflicts(write).await
}

/// Applies a chunk and takes it back.
async fn try_out(import: &RunningImport<'_>, chunk: &Chunk) -> Result<AppliedChunk> {
    let mut tx = import.service.db.begin().await?;
    let applied = apply(&mut tx, import, &chunk.rows).await;
    tx.rollback().await?;
    applied
}

/// Counts rows for which contacts were merged as updates.
fn count_merged(applied: &mut AppliedChunk, merged: &HashSet<ContactId>) {
    for (outcome, contact) in &mut applied.outcomes {
        if *outcome == RowOutcome::Unchanged && contact.is_some_and(|id| merged.contains(&id)) {
            *outcome = RowOutcome::Updated;
        }
    }
}

async fn end_step(
    tx: &mut Tx,
    import: &RunningImport<'_>,
    fence: Fence,
    chunk: &Chunk,
    applied: &AppliedChunk,
    before: ImportCounts,
) -> Result<WrittenChunk> {
    let mut counts = before;
    for (outcome, _) in &applied.outcomes {
        counts.failed_early += i64::from(*outcome == RowOutcome::Failed && counts.rows < EARLY_ROWS);
        counts.count(*outcome);
    }
    counts.errors += applied.errors.len() as i64;
    counts.kept_opted_out += applied.kept_opted_out;
    let room = usize::try_from(MAX_KEPT_ERRORS - before.errors).unwrap_or(0);
    let errors = kept(&applied.errors, room);
    imports::keep_errors(tx.on(), import.tenant, import.id, errors).await?;
    if import.spec.policies.dry_run && before.rows < PREVIEWED_ROWS {
        preview(tx, import, fence, applied, before).await?;
    }
    let to = chunk.ends_at.unwrap_or(fence.position);
    let is_canceled = tasks::step(tx, fence, to, &counts.stored()).await?;
    if import.spec.policies.events && !import.spec.policies.dry_run {
        let now = import.service.clock.now();
        events::append(tx, &contact_events(import, applied), now).await?;
    }
    Ok(WrittenChunk { counts, is_canceled })
}

/// Returns errors as they are kept, in the order of the file.
fn kept(errors: &[RowError], room: usize) -> Vec<KeptError> {
    let mut sorted: Vec<&RowError> = errors.iter().collect();
    sorted.sort_by_key(|it| it.row);
    let (mut row, mut number) = (0, 0);
    let mut keep = |it: &RowError| {
        number = if it.row == row { number + 1 } else { 0 };
        row = it.row;
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        KeptError {
            file_row: it.row,
            number,
            code: it.code.as_str().to_owned(),
            column_name: text(&it.column),
            value: text(&it.value),
        }
    };
    sorted.into_iter().take(room).map(&mut keep).collect()
}

async fn preview(
    tx: &mut Tx,
    import: &RunningImport<'_>,
    fence: Fence,
    applied: &AppliedChunk,
    before: ImportCounts,
) -> Result<()> {
    let task = tasks::find_leased(tx.on(), import.id).await?;
    let stored = task.and_then(|task| task.result);
    let mut rows: Vec<PreviewedRow> = stored
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let room = usize::try_from(PREVIEWED_ROWS).unwrap_or(0).saturating_sub(rows.len());
    let numbered = (before.rows..).zip(&applied.outcomes).take(room);
    rows.extend(numbered.map(|(rows_before, (outcome, contact))| PreviewedRow {
        row: import.spec.row_number(rows_before),
        outcome: *outcome,
        contact_id: contact.filter(|_| *outcome != RowOutcome::Created),
    }));
    let rows = serde_json::to_string(&rows).expect("numbers and names always serialise");
    tasks::note_result(tx.on(), fence, rows).await
}
