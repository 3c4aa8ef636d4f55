use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::line::Shared;

const EVERY: Duration = Duration::from_millis(400);

/// Keeps the lines informed which queues are paused. While the database is away, what it said last holds.
pub async fn watch_pauses(shared: Arc<Shared>, tell: watch::Sender<Option<HashSet<String>>>) {
    const SQL: &str = "SELECT queue FROM queue_pauses";
    let mut pause = Duration::ZERO;
    while tokio::time::timeout(pause, shared.end.cancelled()).await.is_err() {
        let paused: sqlx::Result<Vec<(String,)>> = shared.db.reader().sql(SQL, ()).all().await;
        if let Ok(paused) = shared.database.note(paused) {
            let paused = Some(paused.into_iter().map(|(queue,)| queue).collect());
            tell.send_if_modified(|known| {
                let changed = *known != paused;
                *known = paused;
                changed
            });
        }
        pause = EVERY;
    }
}
