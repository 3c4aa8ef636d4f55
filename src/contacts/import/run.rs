//! One run of an import: chunk after chunk, for as long as its turn lasts.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use tokio::time::Instant;

use super::{
    chunk::{Chunk, write_chunk},
    counts::ImportCounts,
    ending::{self, ImportEnd, ImportFailure},
    field_values::{FieldCatalogue, in_use},
    judge::Judge,
    read_row::JudgedRow,
    row_error::{RowError, RowErrorCode},
    rows::RowReader,
    service::ImportService,
    source::{RowSource, SourceError},
    spec::{ImportSpec, OnBadField},
    tags::TagIndex,
};
use crate::{
    contacts::store::{fields, imports},
    db::{Result, Tx},
    domain::{Actor, ContactId, Id, ImportId, TaskKind, TenantId},
    queue::{Lane, Outcome},
    records::{
        campaigns,
        tasks::{self, Fence},
    },
    storage::{self, StorageKey},
};

/// Rows of a chunk. SQLite has one writer, for which others wait.
const POSTGRES_CHUNK: usize = 2_000;
const SQLITE_CHUNK: usize = 500;
/// How long a run goes on before others get their turn.
pub(super) const TURN: Duration = Duration::from_secs(25);
/// How long an import waits before it looks again whether the one before it has ended.
const WAIT: TimeDelta = TimeDelta::seconds(2);
/// Runs that may end without a step, the process with them, before the import has failed.
const MAX_STUCK: i64 = 10;
/// Rows of an import after which PostgreSQL looks at the tables for the first time; then whenever they are four times as many.
const FIRST_ANALYZED: i64 = 10_000;
/// Most rows of a file.
pub(crate) const MAX_ROWS: u64 = 5_000_000;

/// An import that a run works on.
pub(super) struct RunningImport<'a> {
    pub service: &'a ImportService,
    pub id: ImportId,
    pub tenant: TenantId,
    pub by: Actor,
    pub spec: Arc<ImportSpec>,
    pub tags: TagIndex,
    /// Contacts that others were merged into for the chunk in hand.
    merged: Mutex<HashSet<ContactId>>,
}

impl RunningImport<'_> {
    /// Notes contacts that others are merged into before the chunk is written.
    pub fn note_merged(&self, into: impl Iterator<Item = ContactId>) {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner).extend(into);
    }

    fn forget_merged(&self) {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns the contacts that others were merged into for the chunk.
    pub fn merged(&self) -> HashSet<ContactId> {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Works on an import until it has ended or its turn is over.
pub async fn run(service: &ImportService, id: ImportId) -> Result<Outcome> {
    match take_turn(service, id).await {
        // Whoever has it now goes on.
        Err(error) if tasks::is_lease_lost(&error) => Ok(Outcome::Settled),
        result => result,
    }
}

async fn take_turn(service: &ImportService, id: ImportId) -> Result<Outcome> {
    let Some(task) = tasks::find_leased(service.db.writer(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let first = tasks::first_open(service.db.writer(), task.tenant_id, TaskKind::Import).await?;
    if first != Some(id.uuid()) {
        let until = service.clock.now() + WAIT;
        return Ok(Outcome::Snooze { until });
    }
    let spec: ImportSpec = match serde_json::from_str(&task.spec) {
        Ok(spec) => spec,
        Err(error) => return Ok(Outcome::discard(error)),
    };
    let mut counts = ImportCounts::parse(task.counts.as_deref());
    let fence = Fence::of(&task);
    let mut import = RunningImport {
        service,
        id,
        tenant: task.tenant_id,
        by: task.actor(),
        spec: Arc::new(spec),
        tags: TagIndex::read(&service.db, task.tenant_id).await?,
        merged: Mutex::default(),
    };
    if task.canceled_at.is_some() {
        return ending::end(&import, fence, &counts, ImportEnd::Canceled).await;
    }
    if counts.stuck >= MAX_STUCK {
        return ending::end(&import, fence, &counts, ImportFailure::Crashed.into()).await;
    }
    counts.stuck += 1;
    counts.began_at = counts.began_at.or_else(|| Some(service.clock.now()));
    note(&import, fence, &counts).await?;
    work(&mut import, fence, counts).await
}

async fn note(import: &RunningImport<'_>, fence: Fence, counts: &ImportCounts) -> Result<()> {
    let counts = counts.stored();
    let note = async |tx: &mut Tx| tasks::step(tx, fence, fence.position, &counts).await;
    import.service.db.background_transaction(note).await.map(drop)
}

/// What reads and judges the rows of a file.
struct RowFeed {
    source: RowSource,
    spec: Arc<ImportSpec>,
    fields: Arc<FieldCatalogue>,
    chunk: usize,
}

impl RowFeed {
    /// Reads the next chunk, whose first row comes after `rows_before` others.
    async fn next(&mut self, rows_before: i64) -> std::result::Result<Chunk, SourceError> {
        let rows = self.source.rows(self.chunk).await?;
        let ends_at = rows.last().map(|row| i64::try_from(row.ends_at).unwrap_or(i64::MAX));
        let (spec, fields) = (self.spec.clone(), self.fields.clone());
        let judge = move || {
            let judge = Judge {
                spec: &spec,
                fields: &fields,
            };
            judge.all(&rows, rows_before)
        };
        // Many numbers and texts: a worker thread would be held up.
        let rows = tokio::task::spawn_blocking(judge).await;
        let rows = rows.map_err(|error| storage::Error::Unavailable(error.to_string()))?;
        Ok(Chunk { rows, ends_at })
    }
}

async fn work(import: &mut RunningImport<'_>, fence: Fence, mut counts: ImportCounts) -> Result<Outcome> {
    let begun = Instant::now();
    let mut mark = begun;
    let (mut fence, service) = (fence, import.service);
    let mut feed = feed(import, fence).await?;
    let mut next = feed.next(counts.rows).await;
    loop {
        let mut chunk = match next {
            Ok(chunk) => chunk,
            Err(error) => return interrupted(import, fence, counts, error).await,
        };
        if looks_wrong(import, &counts) {
            return ending::end(import, fence, &counts, ImportFailure::LooksWrong.into()).await;
        }
        let Some(ends_at) = chunk.ends_at else {
            return ending::end(import, fence, &counts, ImportEnd::Completed).await;
        };
        if begun.elapsed() >= TURN {
            let due = service.clock.now();
            let lane = Lane::Normal;
            return Ok(match tasks::hand_back(service.db.writer(), fence, due).await? {
                true => Outcome::Rescheduled { until: due, lane },
                false => Outcome::Settled,
            });
        }
        name_tags(import, &mut chunk.rows).await?;
        let before = counts.rows;
        let rows_before = before + chunk.rows.len() as i64;
        counts.stuck = 0;
        counts.worked_ms += i64::try_from(mark.elapsed().as_millis()).unwrap_or(0);
        mark = Instant::now();
        let written = write_chunk(import, fence, &chunk, counts);
        let (written, following) = tokio::join!(written, feed.next(rows_before));
        let written = match written {
            Err(error) if campaigns::is_no_draft(&error) => {
                return ending::end(import, fence, &counts, ImportFailure::CampaignNotDraft.into()).await;
            }
            written => written?,
        };
        if is_growing(before, written.counts.rows) {
            imports::analyze(&service.db).await;
        }
        import.forget_merged();
        counts = written.counts;
        fence = fence.at(ends_at);
        if written.is_canceled {
            return ending::end(import, fence, &counts, ImportEnd::Canceled).await;
        }
        next = following;
    }
}

/// Returns whether the tables have become so much larger that statements are to be planned anew: PostgreSQL's own look at them comes once a
/// minute, and until then everybody's statements would go through all that was written since.
fn is_growing(before: i64, after: i64) -> bool {
    let mut bounds = std::iter::successors(Some(FIRST_ANALYZED), |bound| bound.checked_mul(4));
    bounds.find(|bound| *bound > before).is_some_and(|bound| bound <= after)
}

async fn feed(import: &RunningImport<'_>, fence: Fence) -> Result<RowFeed> {
    let service = import.service;
    let position = u64::try_from(fence.position).unwrap_or(0).max(import.spec.data_at);
    let is_postgres = service.db.is_postgres();
    Ok(RowFeed {
        source: RowSource {
            storage: service.storage.clone(),
            key: StorageKey::of(import.tenant.uuid(), import.id.uuid()),
            reader: RowReader::new(import.spec.format(), position),
            next: position,
            bytes: import.spec.bytes,
        },
        spec: import.spec.clone(),
        fields: Arc::new(catalogue(service, import.tenant).await?),
        chunk: if is_postgres { POSTGRES_CHUNK } else { SQLITE_CHUNK },
    })
}

/// Reads a tenant's custom fields.
pub(super) async fn catalogue(service: &ImportService, tenant: TenantId) -> Result<FieldCatalogue> {
    Ok(in_use(fields::list(service.db.reader(), tenant).await?))
}

/// Returns whether so many of the first rows failed that the rest would, too.
fn looks_wrong(import: &RunningImport<'_>, counts: &ImportCounts) -> bool {
    !import.spec.policies.dry_run && counts.rows >= EARLY_ROWS && counts.failed_early * 2 > EARLY_ROWS
}

/// The rows that an import is judged by.
pub(super) const EARLY_ROWS: i64 = 1_000;

/// Makes the tags that rows name. A row whose tags find no room fails, or goes without them.
async fn name_tags(import: &mut RunningImport<'_>, rows: &mut [JudgedRow]) -> Result<()> {
    let service = import.service;
    let policies = &import.spec.policies;
    let named = rows.iter().filter_map(|it| it.row.as_ref());
    let (missing, is_all) = import.tags.missing(policies, named);
    if !missing.is_empty() && policies.dry_run {
        import.tags.pretend(&service.clock, missing);
    } else if !missing.is_empty() {
        let (tenant, id) = (import.tenant, import.id);
        import
            .tags
            .create(&service.db, &service.clock, tenant, id, missing)
            .await?;
    }
    import.tags.note_of_all(policies);
    for it in rows.iter_mut().filter(|_| !is_all) {
        let Some(row) = &it.row else { continue };
        if !import.tags.has_all_of(row) {
            it.errors
                .push(RowError::new(row.row, RowErrorCode::TooManyTags, "", ""));
            if policies.on_bad_field == OnBadField::Fail {
                it.row = None;
            }
        }
    }
    Ok(())
}

/// Ends a run that cannot read its file: for good, or until the store answers again.
async fn interrupted(
    import: &RunningImport<'_>,
    fence: Fence,
    mut counts: ImportCounts,
    error: SourceError,
) -> Result<Outcome> {
    let failure = match error {
        SourceError::Storage(storage::Error::Unavailable(words)) => {
            counts.stuck = (counts.stuck - 1).max(0);
            note(import, fence, &counts).await?;
            return Ok(Outcome::retry(words));
        }
        SourceError::Storage(_) => ImportFailure::FileMissing,
        SourceError::Row(_) => ImportFailure::RowTooLong,
    };
    ending::end(import, fence, &counts, failure.into()).await
}

#[cfg(test)]
mod tests {
    use super::is_growing;

    #[test]
    fn the_tables_are_looked_at_whenever_they_are_four_times_as_large() {
        let ends = (1..=500).map(|chunk| chunk * 2_000);
        let looked: Vec<i64> = ends.filter(|&end| is_growing(end - 2_000, end)).collect();
        assert_eq!(looked, [10_000, 40_000, 160_000, 640_000]);
        assert!(is_growing(0, 1_000_000) && !is_growing(0, 9_999) && !is_growing(10_000, 39_999));
    }
}
