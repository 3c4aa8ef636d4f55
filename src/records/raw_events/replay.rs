use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Sql},
    domain::{Id, RawEventId, WorkState},
};

/// Which events of a stretch of time may be replayed. A running one never is: its worker would write over what we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayFilter {
    /// Whatever is neither running nor set aside by a person.
    Any,
    State(WorkState),
}

impl ReplayFilter {
    /// The states stand in the text, not in an argument, so that the indexes of a few states only can serve.
    fn sql(self, text: &str) -> Sql {
        let states = match self {
            ReplayFilter::Any => "'pending', 'done', 'dead', 'quarantined'".to_owned(),
            ReplayFilter::State(state) => format!("'{}'", state.as_str()),
        };
        Sql::built(text.replace("{states}", &states))
    }
}

/// Ids of chosen events after the first bound and before the second, in the order of receipt.
pub async fn select_ids(
    on: impl Into<On<'_>>,
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
    on.into().sql(filter.sql(SQL), (after, before, limit)).all().await
}

/// Makes filter events from the first id to the last due at `now`, as if they had just come. Bounds on the id let PostgreSQL
/// read the partitions in question only.
pub async fn make_due_between(
    on: impl Into<On<'_>>,
    filter: ReplayFilter,
    (first, last): (RawEventId, RawEventId),
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE raw_events
        SET state = 'pending', attempts = 0, due_at = $3, last_error = NULL, finished_at = NULL
        WHERE id >= $1 AND id <= $2 AND state IN ({states})";
    on.into().sql(filter.sql(SQL), (first, last, now)).run().await
}

/// Of the given events, those that are there and not running; made due at `now` unless this is a rehearsal.
pub async fn make_due(
    on: impl Into<On<'_>>,
    ids: &[RawEventId],
    now: Option<DateTime<Utc>>,
) -> Result<Vec<(RawEventId,)>> {
    const LOOK: &str = "
        WITH r (id) AS ({rows})
        SELECT raw_events.id FROM raw_events JOIN r ON raw_events.id = r.id
        WHERE raw_events.state <> 'running'";
    const WAKE: &str = "
        WITH r (id, now) AS ({rows})
        UPDATE raw_events
        SET state = 'pending', attempts = 0, due_at = r.now, last_error = NULL, finished_at = NULL
        FROM r
        WHERE raw_events.id = r.id AND raw_events.state <> 'running'
        RETURNING raw_events.id";
    let ids = ids.iter().map(|id| id.uuid());
    match now {
        None => Rows::new(LOOK, ids.map(|id| (id,)).collect()).all(on).await,
        Some(now) => Rows::new(WAKE, ids.map(|id| (id, now)).collect()).all(on).await,
    }
}
