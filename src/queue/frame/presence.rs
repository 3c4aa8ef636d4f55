use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::line::{Line, Shared};
use crate::{db, queue::admin::GONE_AFTER};

const EVERY: Duration = Duration::from_secs(5);

/// A name for this process that no other has or had.
pub fn name() -> String {
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

/// Says every five seconds that this process lives and what it has in hand, removes those that have not said so for a minute, and
/// takes leave at the end.
pub async fn be_present(shared: Arc<Shared>, lines: Vec<Arc<Line>>) {
    const LEAVE: &str = "DELETE FROM workers WHERE id = $1";
    let started_at = shared.clock.now();
    let mut pause = Duration::ZERO;
    while tokio::time::timeout(pause, shared.end.cancelled()).await.is_err() {
        drop(shared.database.note(say(&shared, &lines, started_at).await));
        pause = EVERY;
    }
    drop(
        shared
            .database
            .note(shared.db.sql(LEAVE, (shared.name.clone(),)).run().await),
    );
}

async fn say(shared: &Shared, lines: &[Arc<Line>], started_at: DateTime<Utc>) -> db::Result<()> {
    const SAY: &str = "
        INSERT INTO workers (id, host, pid, version, started_at, seen_at, in_hand) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, in_hand = excluded.in_hand";
    const FORGET: &str = "DELETE FROM workers WHERE seen_at < $1";
    let now = shared.clock.now();
    let in_hand: BTreeMap<&str, usize> = lines
        .iter()
        .map(|line| (line.terms.queue.name, line.hands.len()))
        .collect();
    let in_hand = serde_json::to_string(&in_hand).expect("a map of names and numbers is JSON");
    let (pid, version) = (i64::from(std::process::id()), env!("CARGO_PKG_VERSION").to_owned());
    let args = (shared.name.clone(), host(), pid, version, started_at, now, in_hand);
    shared.db.sql(SAY, args).run().await?;
    shared.db.sql(FORGET, (now - GONE_AFTER,)).run().await?;
    Ok(())
}
