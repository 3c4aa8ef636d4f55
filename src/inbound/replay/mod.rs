//! Replay: processes stored webhooks again. Safe for processed events, since processing is idempotent.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    clock::first_uuid_at,
    db::Db,
    domain::{Id, RawEventId, WorkState},
    records::raw_events::{self, ReplayFilter},
};

/// Events made due per transaction, to bound the duration of locks and the size of the log.
const CHUNK: usize = 5_000;
/// Maximum number of ids in the report.
const SAMPLE: usize = 10;

/// A selection of raw events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// By id, in any state. Running events are skipped.
    Ids(Vec<RawEventId>),
    /// Received from `from` (default: the beginning) until before `to` (default: now), to the millisecond. Without a state: all but running
    /// and discarded events.
    Range {
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        state: Option<WorkState>,
    },
}

/// Result of a replay or dry run.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Replayed {
    /// Number of selected events that are not running.
    pub matched: u64,
    /// Number of events made due; 0 in a dry run.
    pub replayed: u64,
    pub dry_run: bool,
    /// The first ids of the selection.
    pub sample: Vec<RawEventId>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("running events cannot be replayed: a worker is still processing them")]
    Running,
    #[error("the range is empty: from must be before to")]
    EmptyRange,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Makes the selected events due at `now` in chunks, with attempts reset to zero. An interrupted replay can be run again. A dry run
/// only counts.
pub async fn replay(db: &Db, now: DateTime<Utc>, selection: Selection, dry_run: bool) -> Result<Replayed, ReplayError> {
    let mut report = Replayed {
        dry_run,
        ..Replayed::default()
    };
    match selection {
        Selection::Ids(ids) => by_id(db, now, ids, &mut report).await?,
        Selection::Range { from, to, state } => {
            if state == Some(WorkState::Running) {
                return Err(ReplayError::Running);
            }
            // Excludes webhooks that arrive meanwhile: the replay would never end.
            let to = to.unwrap_or(now + TimeDelta::milliseconds(1));
            if from.is_some_and(|from| from >= to) {
                return Err(ReplayError::EmptyRange);
            }
            let after = from.map_or(Uuid::nil(), first_uuid_at);
            let filter = state.map_or(ReplayFilter::Any, ReplayFilter::State);
            by_time(db, now, filter, after, first_uuid_at(to), &mut report).await?;
        }
    }
    Ok(report)
}

async fn by_id(db: &Db, now: DateTime<Utc>, mut ids: Vec<RawEventId>, report: &mut Replayed) -> sqlx::Result<()> {
    ids.sort_unstable();
    ids.dedup();
    for chunk in ids.chunks(CHUNK) {
        let mut found = raw_events::make_due(db.writer(), chunk, (!report.dry_run).then_some(now)).await?;
        found.sort_unstable();
        note(report, &found);
        if !report.dry_run {
            report.replayed += found.len() as u64;
        }
    }
    Ok(())
}

async fn by_time(
    db: &Db,
    now: DateTime<Utc>,
    filter: ReplayFilter,
    mut after: Uuid,
    before: Uuid,
    report: &mut Replayed,
) -> sqlx::Result<()> {
    loop {
        let found = raw_events::select_ids(db.reader(), filter, after, before, CHUNK as i64).await?;
        let (Some(&(first,)), Some(&(last,))) = (found.first(), found.last()) else {
            return Ok(());
        };
        note(report, &found);
        if !report.dry_run {
            report.replayed += raw_events::make_due_between(db.writer(), filter, first, last, now).await?;
        }
        after = last.uuid();
    }
}

fn note(report: &mut Replayed, found: &[(RawEventId,)]) {
    report.matched += found.len() as u64;
    let room = SAMPLE.saturating_sub(report.sample.len());
    report.sample.extend(found.iter().take(room).map(|(id,)| *id));
}

#[cfg(test)]
mod tests;
