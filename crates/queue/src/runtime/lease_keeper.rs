//! Lease renewal and settlement, in one task per queue.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::queue_worker::{QueueWorker, Settlement};
use crate::{Claim, rows};

/// Maximum number of settlements per command.
const MAX_GATHERED: usize = 512;
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// How long a stopping process retries settlements while the driver does not answer.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Renews the leases in flight every third of a lease, and settles finished ids with the driver. One task does both in turn, so that a
/// renewal never revives an id that was settled just before.
pub async fn keep_leases(worker: Arc<QueueWorker>, mut settlements: mpsc::Receiver<Settlement>) {
    let end = worker.shared.end.clone();
    let mut renewal = interval(worker.spec.lease / 3);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pending = Settlement::default();
    let mut gathered = Vec::with_capacity(MAX_GATHERED);
    loop {
        tokio::select! {
            count = settlements.recv_many(&mut gathered, MAX_GATHERED) => if count == 0 { break },
            _ = renewal.tick() => renew(&worker).await,
            () = tokio::time::sleep(RETRY_PAUSE), if worker.has_unsettled() => (),
            () = end.cancelled(), if !settlements.is_closed() => settlements.close(),
        }
        gather(&mut pending, &mut gathered);
        settle(&worker, &mut pending).await;
    }
    let final_attempts = async {
        while worker.has_unsettled() {
            tokio::time::sleep(RETRY_PAUSE).await;
            settle(&worker, &mut pending).await;
        }
    };
    drop(timeout(SETTLE_TIMEOUT, final_attempts).await);
}

fn gather(pending: &mut Settlement, settlements: &mut Vec<Settlement>) {
    for settlement in settlements.drain(..) {
        pending.settled.extend(settlement.settled);
        pending.requeue.extend(settlement.requeue);
    }
}

async fn settle(worker: &QueueWorker, pending: &mut Settlement) {
    if pending.settled.is_empty() && pending.requeue.is_empty() {
        return;
    }
    let result = worker
        .shared
        .queues
        .settle(&worker.spec.queue, &pending.settled, &pending.requeue)
        .await;
    worker.set_unsettled(result.is_err());
    if result.is_ok() {
        pending.settled.clear();
        pending.requeue.clear();
    }
}

async fn renew(worker: &QueueWorker) {
    let (shared, spec) = (&worker.shared, &worker.spec);
    let (ids, leases) = worker.in_flight.ids_and_leases();
    if ids.is_empty() {
        return;
    }
    // Failures are recorded where they happen and retried in the next turn. A lease that expires meanwhile stops its job.
    drop(shared.queues.renew(&spec.queue, &ids, spec.driver_lease()).await);
    if spec.claim == Claim::Leased && !leases.is_empty() {
        let (begun, until) = (Instant::now(), shared.clock.now() + spec.lease);
        let renewing = rows::renew(shared.db.writer(), &spec.queue, &leases, until);
        if let Ok(renewed) = timeout(spec.lease / 6, renewing).await
            && let Ok(renewed) = shared.database.record(renewed)
        {
            worker.in_flight.extend_leases(&leases, &renewed, begun + spec.lease);
        }
    }
}
