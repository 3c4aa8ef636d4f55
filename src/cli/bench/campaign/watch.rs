//! What is looked at beside a campaign: how long it takes to read it, and how many of its messages wait.

use std::time::{Duration, Instant};

use super::super::{latency::Latencies, send::SendBench};
use crate::db::Db;

const EVERY: Duration = Duration::from_millis(50);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub reads: Latencies,
    /// Messages of campaigns that waited to be sent, at most.
    pub waiting: i64,
}

/// Reads a campaign 20 times a second, until it is dropped.
pub(super) async fn watch(bench: &SendBench, id: &str, seen: &mut Seen) -> anyhow::Result<()> {
    let path = format!("campaigns/{id}");
    for turn in 0_u64.. {
        let begin = Instant::now();
        bench.get(&path).await?;
        seen.reads.add(begin.elapsed());
        if turn.is_multiple_of(20) {
            seen.waiting = seen.waiting.max(waiting(&bench.registry.db).await?);
        }
        tokio::time::sleep(EVERY.saturating_sub(begin.elapsed())).await;
    }
    Ok(())
}

async fn waiting(db: &Db) -> anyhow::Result<i64> {
    const WAITING: &str = "SELECT COUNT(*) FROM sends WHERE finished_at IS NULL AND state IN ('pending', 'running')";
    let (count,) = db.reader().sql(WAITING, ()).one::<(i64,)>().await?;
    Ok(count)
}
