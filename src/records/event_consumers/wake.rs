//! Wakes the cursors of tenants whose events were appended.

use std::collections::BTreeSet;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{CONSUMERS, EventConsumers, store};
use crate::{
    clock::Clock,
    db::{BatchReceiver, Db, Hint, Result},
    domain::{EventConsumerId, Id, TenantId},
    queue::{
        JobEntry, Lane, Queues,
        recurring::{self, RecurringRow},
    },
};

/// Maximum number of commits whose hints are handled together.
const MAX_COMMITS: usize = 64;

/// Wakes the consumers of the tenants named by hints, until `done`. Housekeeping finds those whose hint is lost.
pub async fn wake_hinted(
    (db, clock, queues): (Db, Clock, Queues),
    consumers: EventConsumers,
    hints: mpsc::Receiver<Vec<Hint>>,
    done: CancellationToken,
) {
    let mut commits = BatchReceiver::new(MAX_COMMITS, hints);
    while let Some(batches) = commits.next(&done).await {
        let tenants: BTreeSet<Uuid> = batches.into_iter().flatten().map(|hint| hint.id).collect();
        let tenants = tenants.into_iter().map(TenantId::from_uuid);
        if let Err(error) = wake((&db, &clock, &queues), &consumers, tenants).await {
            tracing::debug!(%error, "event consumers could not be woken; housekeeping finds them");
        }
    }
}

/// Wakes the consumers that have not consumed all events, of all tenants: their hint was lost, or they are new.
pub async fn wake_lagging(with: (&Db, &Clock, &Queues), consumers: &EventConsumers) -> Result<()> {
    let lagging = store::lagging_tenants(with.0.reader(), consumers.names()).await?;
    wake(with, consumers, lagging).await
}

/// Makes the cursors of these tenants due now, and inserts those that are missing. A consumer that failed keeps its rest.
pub async fn wake(
    (db, clock, queues): (&Db, &Clock, &Queues),
    consumers: &EventConsumers,
    tenants: impl IntoIterator<Item = TenantId>,
) -> Result<()> {
    let now = clock.now();
    let tenants: Vec<TenantId> = BTreeSet::from_iter(tenants).into_iter().collect();
    let cursors = store::of_tenants(db.reader(), &tenants).await?;
    let known: BTreeSet<(TenantId, &str)> = cursors.iter().map(|it| (it.tenant_id, it.consumer.as_str())).collect();
    let wanted = tenants
        .iter()
        .flat_map(|tenant| consumers.names().map(move |name| (*tenant, name)));
    let missing: Vec<RecurringRow> = wanted
        .filter(|key| !known.contains(key))
        .map(|(tenant, name)| RecurringRow::named(clock.new_id::<EventConsumerId>(), tenant, name))
        .collect();
    let idle = cursors.iter().filter(|it| consumers.find(&it.consumer).is_some());
    let idle: Vec<Uuid> = idle.map(|it| it.id.uuid()).collect();
    let mut due = recurring::wake(db.writer(), &CONSUMERS, &idle, now).await?;
    due.extend(recurring::ensure(db.writer(), &CONSUMERS, &missing, now, now).await?);
    let entry = |id: Uuid| JobEntry {
        id,
        due: now,
        lane: Lane::Normal,
    };
    let entries: Vec<JobEntry> = due.into_iter().map(entry).collect();
    if !entries.is_empty() {
        // The sweep finds those that cannot be pushed; the queue counts and logs its own outages.
        let _ = queues.push_or_run_again(&CONSUMERS, &entries).await;
    }
    Ok(())
}
