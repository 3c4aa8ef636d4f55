use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::queue_worker::{QueueWorker, Shared};
use crate::admin::WORKER_TIMEOUT;
use mainstay_db as db;

const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Returns an id for this process that is unique across hosts and restarts.
pub fn worker_id() -> String {
    let number: u32 = rand::random();
    format!("{}-{}-{number:08x}", host(), std::process::id())
}

fn host() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match read.trim() {
        "" => "host".to_owned(),
        host => host.to_owned(),
    }
}

/// Writes a heartbeat with the number of jobs in flight every five seconds, deletes workers without one for a minute, and removes its own
/// row at the end.
pub async fn send_heartbeats(shared: Arc<Shared>, workers: Vec<Arc<QueueWorker>>) {
    const DELETE: &str = "DELETE FROM workers WHERE id = $1";
    let started_at = shared.clock.now();
    let mut pause = Duration::ZERO;
    while tokio::time::timeout(pause, shared.end.cancelled()).await.is_err() {
        drop(shared.database.record(send(&shared, &workers, started_at).await));
        pause = HEARTBEAT_INTERVAL;
    }
    drop(
        shared
            .database
            .record(shared.db.sql(DELETE, (shared.name.clone(),)).run().await),
    );
}

async fn send(shared: &Shared, workers: &[Arc<QueueWorker>], started_at: DateTime<Utc>) -> db::Result<()> {
    const UPSERT: &str = "
        INSERT INTO workers (id, host, pid, version, started_at, seen_at, in_hand) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, in_hand = excluded.in_hand";
    const DELETE_STALE: &str = "DELETE FROM workers WHERE seen_at < $1";
    let now = shared.clock.now();
    let in_hand: BTreeMap<&str, usize> = workers
        .iter()
        .map(|worker| (worker.spec.queue.name, worker.in_flight.len()))
        .collect();
    let in_hand = serde_json::to_string(&in_hand).expect("a map of names and numbers is JSON");
    let (pid, version) = (i64::from(std::process::id()), env!("CARGO_PKG_VERSION").to_owned());
    let args = (shared.name.clone(), host(), pid, version, started_at, now, in_hand);
    shared.db.sql(UPSERT, args).run().await?;
    shared.db.sql(DELETE_STALE, (now - WORKER_TIMEOUT,)).run().await?;
    Ok(())
}
