//! Counts segments of more contacts than a request may look at, as tasks.
//!
//! A step counts some windows of contacts and notes the count and the contact before which it goes on; so a count that is interrupted goes
//! on where it was. A count is of the filter that the segment had when it was asked for: one that has changed ends without a count.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{language::Filter, manage::find, select::count};
use crate::{
    contacts::{ContactError, ContactResult, ContactService, store::segments as store},
    db::{Result, Tx},
    domain::{ContactId, Ctx, Id, SegmentId, TaskId, TaskKind, TenantId, WorkState},
    queue::{Lane, Outcome, Queue, counts},
    records::tasks::{self, Fence, NewTask, Task, TaskResult},
};

/// The queue of counts that take longer than a request.
pub const SEGMENT_COUNTS: Queue = Queue::of_kind("segment-counts", "tasks", "segment_count");

/// Counts of a tenant that may be on their way at once.
const MAX_OPEN: usize = 10;
/// How long a run goes on before others get their turn.
const TURN: Duration = Duration::from_secs(5);

/// What is counted: the segment is the subject of the task.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct CountSpec {
    /// The version of the segment whose filter counts.
    version: i64,
    /// The time from which spans of the filter count, and of which the count is true.
    at: DateTime<Utc>,
}

/// How far a count is.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
struct CountedSoFar {
    count: i64,
    /// The contact before which it goes on; `None` at the beginning.
    before: Option<ContactId>,
}

/// Returns whether a count of a segment is on its way.
pub(crate) async fn is_counting(tx: &mut Tx, tenant: TenantId, id: SegmentId) -> Result<bool> {
    tasks::is_open_for(tx.on(), tenant, TaskKind::SegmentCount, id).await
}

/// Queues a count of a segment, unless one is on its way.
pub(crate) async fn request(
    service: &ContactService,
    ctx: &Ctx,
    segment: SegmentId,
    version: i64,
) -> ContactResult<()> {
    let (tenant, kind) = (ctx.tenant, TaskKind::SegmentCount);
    let on = || service.db.writer();
    if tasks::is_open_for(on(), tenant, kind, segment).await? {
        return Ok(());
    }
    if tasks::count_open(on(), tenant, kind).await? >= MAX_OPEN as i64 {
        return Err(ContactError::TooMany("counts of segments at once", MAX_OPEN));
    }
    let (id, now): (TaskId, _) = (service.clock.new_id(), service.clock.now());
    let spec = CountSpec { version, at: now };
    let task = NewTask {
        tenant,
        id,
        kind,
        subject: Some(segment.uuid()),
        spec: serde_json::to_string(&spec).expect("numbers and times always serialise"),
        counts: None,
        waits: false,
        by: ctx.actor,
    };
    tasks::insert(service.db.writer(), &task, now).await?;
    // The row is committed; if the push fails, the sweep finds it.
    drop(service.queues.push(&SEGMENT_COUNTS, [id.uuid()], now).await);
    Ok(())
}

/// Goes on with a count until it has ended or its turn is over.
pub async fn run(service: &ContactService, id: TaskId) -> Result<Outcome> {
    match take_turn(service, id).await {
        // Whoever has it now goes on.
        Err(error) if tasks::is_lease_lost(&error) => Ok(Outcome::Settled),
        result => result,
    }
}

async fn take_turn(service: &ContactService, id: TaskId) -> Result<Outcome> {
    let Some(task) = tasks::find_leased(service.db.writer(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let (Ok(spec), Some(segment)) = (serde_json::from_str::<CountSpec>(&task.spec), task.subject) else {
        return Ok(Outcome::discard("its spec cannot be read"));
    };
    let segment = SegmentId::from_uuid(segment);
    let Some(filter) = filter_of(service, task.tenant_id, segment, spec.version).await? else {
        return end(service, &task, Fence::of(&task), None).await;
    };
    let mut so_far: CountedSoFar = task
        .counts
        .as_deref()
        .and_then(|it| serde_json::from_str(it).ok())
        .unwrap_or_default();
    let (mut fence, begun) = (Fence::of(&task), Instant::now());
    loop {
        let mut tx = service.db.begin_read_as(task.tenant_id).await?;
        let counted = count(&mut tx, task.tenant_id, &filter, so_far.before, spec.at).await?;
        tx.commit().await?;
        so_far.count += counted.count;
        so_far.before = counted.rest;
        if so_far.before.is_none() {
            let of = (segment, spec, so_far.count);
            return end(service, &task, fence, Some(of)).await;
        }
        let to = fence.position + 1;
        let noted = serde_json::to_string(&so_far).expect("numbers and ids always serialise");
        let step = async |tx: &mut Tx| tasks::step(tx, fence, to, &noted).await;
        service.db.background_transaction(step).await?;
        fence = fence.at(to);
        if begun.elapsed() >= TURN {
            let (until, lane) = (service.clock.now(), Lane::Normal);
            return Ok(match tasks::hand_back(service.db.writer(), fence, until).await? {
                true => Outcome::Rescheduled { until, lane },
                false => Outcome::Settled,
            });
        }
    }
}

/// Returns the filter of a segment; `None` if it is another one by now, or none any more.
async fn filter_of(service: &ContactService, tenant: TenantId, id: SegmentId, version: i64) -> Result<Option<Filter>> {
    let mut tx = service.db.begin_read_as(tenant).await?;
    let found = find(&mut tx, tenant, id).await;
    tx.commit().await?;
    match found {
        Ok((segment, filter)) => Ok(Some(filter).filter(|_| segment.version == version)),
        Err(ContactError::Database(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

async fn end(
    service: &ContactService,
    task: &Task,
    fence: Fence,
    counted: Option<(SegmentId, CountSpec, i64)>,
) -> Result<Outcome> {
    let now = service.clock.now();
    let result = TaskResult {
        state: if counted.is_some() {
            WorkState::Done
        } else {
            WorkState::Discarded
        },
        error: counted.is_none().then(|| "the segment has changed".to_owned()),
        result: None,
    };
    let write = async |tx: &mut Tx| {
        if let Some((segment, spec, count)) = counted {
            store::set_count(tx.on(), task.tenant_id, (segment, spec.version), count, spec.at).await?;
        }
        tasks::end(tx, fence, result, now).await?;
        counts::add(tx.on(), &SEGMENT_COUNTS, now, 1, 0).await
    };
    service.db.background_transaction(write).await?;
    Ok(Outcome::Settled)
}
