//! Finds and lists raw events.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    clock::first_uuid_at,
    db::{On, Result, Sql, like_literal},
    domain::{Id, RawEventId, TenantId, WorkState},
};

/// A raw event without its body.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredEvent {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    pub signer: Option<TenantId>,
    pub digest: Vec<u8>,
    pub fields: Option<String>,
    pub state: WorkState,
    pub attempts: i64,
    pub due_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub finished_at: Option<DateTime<Utc>>,
    pub bytes: i64,
}

/// Conditions of a list: received from `from` and before `to`, with ids before `before`.
#[derive(Clone, Debug, Default)]
pub struct RawEventFilter {
    pub state: Option<WorkState>,
    pub field: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub before: Option<RawEventId>,
}

/// Maximum raw events one page examines.
const LOOK: i64 = 20_000;

macro_rules! columns {
    () => {
        "id, received_at, signer, digest, fields, state, attempts, due_at, last_error, finished_at, \
         CAST(LENGTH(body) AS BIGINT) AS bytes"
    };
}

/// Lists raw events, newest first. The cursor is the last one examined, if there are more. For the operator.
pub async fn list(
    mut on: On<'_>,
    filter: &RawEventFilter,
    limit: i64,
) -> Result<(Vec<StoredEvent>, Option<RawEventId>)> {
    const FLOOR: &str = "
        SELECT id FROM raw_events WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT 1 OFFSET $3";
    let least = RawEventId::from_uuid(filter.from.map_or_else(Uuid::nil, first_uuid_at));
    let end = filter.to.map_or_else(Uuid::max, first_uuid_at);
    let end = filter.before.map_or(end, |before| end.min(before.uuid()));
    let end = RawEventId::from_uuid(end);
    // Rows in these states are few and have a partial index, which is used only if the state is a literal in the statement.
    const KEPT: [WorkState; 3] = [WorkState::Dead, WorkState::Quarantined, WorkState::Discarded];
    let (state, indexed) = match filter.state {
        None => (String::new(), true),
        Some(state) if KEPT.contains(&state) => {
            let kept = "AND state IN ('dead', 'quarantined', 'discarded')";
            (format!("{kept} AND state = '{}'", state.as_str()), true)
        }
        Some(state) => (format!("AND state = '{}'", state.as_str()), false),
    };
    let floor: Option<(RawEventId,)> = match filter.field.is_none() && indexed {
        true => None,
        false => on.reborrow().sql(FLOOR, (least, end, LOOK - 1)).opt().await?,
    };
    let floor = floor.map(|(id,)| id);
    let text = format!(
        "SELECT {} FROM raw_events
         WHERE id >= $1 AND id < $2 {state} AND ($3 = '' OR ' ' || fields || ' ' LIKE $3 ESCAPE '!')
         ORDER BY id DESC LIMIT $4",
        columns!()
    );
    let field = filter
        .field
        .as_deref()
        .map_or(String::new(), |field| format!("% {} %", like_literal(field)));
    let args = (floor.unwrap_or(least), end, field, limit);
    let found: Vec<StoredEvent> = on.sql(Sql::built(text), args).all().await?;
    Ok((found, floor))
}

pub async fn find(on: On<'_>, id: RawEventId) -> Result<Option<StoredEvent>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM raw_events WHERE id = $1");
    on.sql(SQL, (id,)).opt().await
}

/// Returns the due time of the oldest pending or running event; it may be in the future.
pub async fn oldest_due(on: On<'_>) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "
        SELECT due_at FROM raw_events WHERE state IN ('pending', 'running') ORDER BY due_at, id LIMIT 1";
    let found: Option<(DateTime<Utc>,)> = on.sql(SQL, ()).opt().await?;
    Ok(found.map(|(due,)| due))
}

/// Returns the state of an event with this digest. Scans every event since the given id, which should be recent.
pub async fn state_by_digest(on: On<'_>, since: Uuid, digest: [u8; 32]) -> Result<Option<String>> {
    const SQL: &str = "SELECT state FROM raw_events WHERE id >= $1 AND digest = $2 LIMIT 1";
    let found: Option<(String,)> = on.sql(SQL, (since, digest.to_vec())).opt().await?;
    Ok(found.map(|(state,)| state))
}
