use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::queue_worker::Shared;

const POLL_INTERVAL: Duration = Duration::from_millis(400);

/// Polls which queues are paused. While the database is unavailable the last result holds.
pub async fn watch_pauses(shared: Arc<Shared>, sender: watch::Sender<Option<HashSet<String>>>) {
    const SQL: &str = "SELECT queue FROM queue_pauses";
    let mut pause = Duration::ZERO;
    while tokio::time::timeout(pause, shared.end.cancelled()).await.is_err() {
        let paused: sqlx::Result<Vec<(String,)>> = shared.db.reader().sql(SQL, ()).all().await;
        if let Ok(paused) = shared.database.record(paused) {
            let paused = Some(paused.into_iter().map(|(queue,)| queue).collect());
            sender.send_if_modified(|known| {
                let changed = *known != paused;
                *known = paused;
                changed
            });
        }
        pause = POLL_INTERVAL;
    }
}
