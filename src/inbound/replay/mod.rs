//! Replay: processes stored webhooks again. Safe for events that are done, since processing leaves the same result each time.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    clock::first_uuid_at,
    db::Db,
    domain::{Id, RawEventId, WorkState},
    records::raw_events::{self, ReplayFilter},
};

/// Events made due in one transaction: a million of them must neither hold a lock for long nor fill a log at once.
const CHUNK: usize = 5_000;
/// Ids shown of what was chosen.
const SAMPLE: usize = 10;

/// Which raw events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, in whatever state; a running one is left alone.
    Ids(Vec<RawEventId>),
    /// Those received from `from` (or the beginning) until before `to` (or now), to the millisecond. Without a state: all but
    /// the running ones and those a person discarded.
    Range {
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        state: Option<WorkState>,
    },
}

/// What a replay did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Replayed {
    /// Events that were chosen and are not running.
    pub matched: u64,
    /// Events made due again; 0 in a rehearsal.
    pub replayed: u64,
    pub dry_run: bool,
    /// The first few of the chosen.
    pub sample: Vec<RawEventId>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("running events cannot be replayed: their worker still has them in hand")]
    Running,
    #[error("the range is empty: from must be before to")]
    EmptyRange,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Makes the selected events due at `now`, attempts counted from zero, a chunk at a time. Interrupted, it is simply run again.
/// A dry run changes nothing and tells what there is.
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
            // What comes in while this runs is not meant, and would never end.
            let to = to.unwrap_or(now + TimeDelta::milliseconds(1));
            if from.is_some_and(|from| from >= to) {
                return Err(ReplayError::EmptyRange);
            }
            let after = from.map_or(Uuid::nil(), first_uuid_at);
            let chosen = state.map_or(ReplayFilter::Any, ReplayFilter::State);
            by_time(db, now, chosen, after, first_uuid_at(to), &mut report).await?;
        }
    }
    Ok(report)
}

async fn by_id(db: &Db, now: DateTime<Utc>, mut ids: Vec<RawEventId>, report: &mut Replayed) -> sqlx::Result<()> {
    ids.sort_unstable();
    ids.dedup();
    for chunk in ids.chunks(CHUNK) {
        let mut found = raw_events::make_due(db, chunk, (!report.dry_run).then_some(now)).await?;
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
    chosen: ReplayFilter,
    mut after: Uuid,
    before: Uuid,
    report: &mut Replayed,
) -> sqlx::Result<()> {
    loop {
        let found = raw_events::select_ids(db.reader(), chosen, after, before, CHUNK as i64).await?;
        let (Some(&(first,)), Some(&(last,))) = (found.first(), found.last()) else {
            return Ok(());
        };
        note(report, &found);
        if !report.dry_run {
            report.replayed += raw_events::make_due_between(db, chosen, (first, last), now).await?;
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
