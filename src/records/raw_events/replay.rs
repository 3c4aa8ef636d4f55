//! Makes raw events due again.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Sql},
    domain::{Id, RawEventId, WorkState},
};

/// Selects the replayable events of a time range. Running events are never replayed: their worker would overwrite the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayFilter {
    /// All states but running and discarded.
    Any,
    State(WorkState),
}

impl ReplayFilter {
    /// Returns the statement with the states as literals, so that partial indexes apply.
    fn sql(self, text: &str) -> Sql {
        let states = match self {
            ReplayFilter::Any => "'pending', 'done', 'dead', 'quarantined'".to_owned(),
            ReplayFilter::State(state) => format!("'{}'", state.as_str()),
        };
        Sql::built(text.replace("{states}", &states))
    }
}

/// Returns ids of selected events between the bounds, both exclusive, in the order of receipt.
pub(crate) async fn select_ids(
    on: On<'_>,
    filter: ReplayFilter,
    after: Uuid,
    before: Uuid,
    limit: i64,
) -> Result<Vec<(RawEventId,)>> {
    const SQL: &str = "
        SELECT id
        FROM raw_events
        WHERE id > $1 AND id < $2 AND state IN ({states})
        ORDER BY id
        LIMIT $3";
    on.sql(filter.sql(SQL), (after, before, limit)).all().await
}

/// Makes the selected events between two ids, both inclusive, due at `now`, with attempts reset. Bounds on the id limit the partitions
/// that PostgreSQL reads.
pub(crate) async fn make_due_between(
    on: On<'_>,
    filter: ReplayFilter,
    first: RawEventId,
    last: RawEventId,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE raw_events
        SET state = 'pending', attempts = 0, due_at = $3, last_error = NULL, finished_at = NULL,
            revivals = 0, archived_at = NULL
        WHERE id >= $1 AND id <= $2 AND state IN ({states})";
    on.sql(filter.sql(SQL), (first, last, now)).run().await
}

/// Makes the given events due at `now`, except running ones, and returns their ids. Without `now` (a dry run) changes nothing.
pub async fn make_due(on: On<'_>, ids: &[RawEventId], now: Option<DateTime<Utc>>) -> Result<Vec<(RawEventId,)>> {
    const LOOK: &str = "
        WITH r (id) AS ({rows})
        SELECT raw_events.id FROM raw_events JOIN r ON raw_events.id = r.id
        WHERE raw_events.state <> 'running'";
    const WAKE: &str = "
        WITH r (id, now) AS ({rows})
        UPDATE raw_events
        SET state = 'pending', attempts = 0, due_at = r.now, last_error = NULL, finished_at = NULL,
            revivals = 0, archived_at = NULL
        FROM r
        WHERE raw_events.id = r.id AND raw_events.state <> 'running'
        RETURNING raw_events.id";
    let ids = ids.iter().map(|id| id.uuid());
    match now {
        None => Rows::new(LOOK, ids.map(|id| (id,)).collect()).all(on).await,
        Some(now) => Rows::new(WAKE, ids.map(|id| (id, now)).collect()).all(on).await,
    }
}
