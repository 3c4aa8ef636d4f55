//! Lists domain events.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{EventId, TenantId},
    records::page_bytes::fitting,
};

/// A domain event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Event {
    pub id: EventId,
    pub sequence: i64,
    pub actor: String,
    #[sqlx(rename = "type")]
    pub kind: String,
    pub version: i64,
    pub occurred_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub data: String,
}

/// A page of events. `after` is the last sequence examined.
#[derive(Clone, Debug)]
pub struct EventPage {
    pub events: Vec<Event>,
    pub after: i64,
    /// Whether there are events after `after`.
    pub more: bool,
}

/// Maximum events one page examines for those of a type.
const LOOK: i64 = 20_000;

/// Lists the events after a sequence, the oldest first; fewer than `limit` where they are long. `kind` is a type, or a family such as
/// `message.*`.
pub async fn list(mut on: On<'_>, tenant: TenantId, after: i64, kind: Option<&str>, limit: i64) -> Result<EventPage> {
    const HEAD: &str = "SELECT MAX(sequence) FROM events WHERE tenant_id = $1";
    const REACH: &str = "
        SELECT sequence FROM events WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT 1 OFFSET $3";
    const ALL: &str = "
        SELECT id, sequence, actor, type, version, occurred_at, created_at,
            CASE WHEN octet_length(data) <= 65536 THEN data ELSE '' END AS data
        FROM events
        WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3
        ORDER BY sequence
        LIMIT $4";
    const OF_TYPE: &str = "
        SELECT id, sequence, actor, type, version, occurred_at, created_at,
            CASE WHEN octet_length(data) <= 65536 THEN data ELSE '' END AS data
        FROM events
        WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3 AND type = $5
        ORDER BY sequence
        LIMIT $4";
    const OF_FAMILY: &str = "
        SELECT id, sequence, actor, type, version, occurred_at, created_at,
            CASE WHEN octet_length(data) <= 65536 THEN data ELSE '' END AS data
        FROM events
        WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3 AND substr(type, 1, length($5)) = $5
        ORDER BY sequence
        LIMIT $4";
    // Read before the events: what commits in between has a greater sequence and is on the next page.
    let (head,): (Option<i64>,) = on.reborrow().sql(HEAD, (tenant,)).one().await?;
    let Some(head) = head.filter(|head| *head > after) else {
        return Ok(EventPage {
            events: Vec::new(),
            after,
            more: false,
        });
    };
    let (reach, mut events): (i64, Vec<Event>) = match kind {
        None => (head, on.reborrow().sql(ALL, (tenant, after, head, limit)).all().await?),
        Some(kind) => {
            let reach: Option<(i64,)> = on.reborrow().sql(REACH, (tenant, after, LOOK - 1)).opt().await?;
            let reach = reach.map_or(head, |(sequence,)| sequence.min(head));
            let (sql, text) = match kind.strip_suffix('*') {
                Some(family) => (OF_FAMILY, family),
                None => (OF_TYPE, kind),
            };
            let args = (tenant, after, reach, limit, text.to_owned());
            (reach, on.reborrow().sql(sql, args).all().await?)
        }
    };
    let full = i64::try_from(events.len()).is_ok_and(|count| count == limit);
    let is_cut = fill(&mut on, tenant, &mut events).await?;
    let after = events
        .last()
        .filter(|_| full || is_cut)
        .map_or(reach, |event| event.sequence);
    Ok(EventPage {
        events,
        after,
        more: after < head,
    })
}

/// Loads long data that the list query omitted, and truncates the page at its byte limit ([`fitting`]). Returns whether it was truncated.
async fn fill(on: &mut On<'_>, tenant: TenantId, events: &mut Vec<Event>) -> Result<bool> {
    const LENGTH: &str = "
        SELECT CAST(octet_length(data) AS BIGINT) FROM events WHERE tenant_id = $1 AND sequence = $2";
    const DATA: &str = "SELECT data FROM events WHERE tenant_id = $1 AND sequence = $2";
    let mut lengths = Vec::with_capacity(events.len());
    for event in events.iter() {
        let long: Option<(i64,)> = match event.data.is_empty() {
            true => on.reborrow().sql(LENGTH, (tenant, event.sequence)).opt().await?,
            false => None,
        };
        let long = long.and_then(|(length,)| usize::try_from(length).ok());
        lengths.push(long.unwrap_or(event.data.len()));
    }
    let fit = fitting(lengths);
    let is_cut = fit < events.len();
    events.truncate(fit);
    for event in events.iter_mut().filter(|event| event.data.is_empty()) {
        let data: Option<(String,)> = on.reborrow().sql(DATA, (tenant, event.sequence)).opt().await?;
        event.data = data.map(|(data,)| data).unwrap_or_default();
    }
    Ok(is_cut)
}
