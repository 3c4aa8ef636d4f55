use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::RateChange;
use mainstay_core::domain::ChannelId;

/// Changes reported to this process and not handled yet; the last one per number.
#[derive(Default)]
pub(super) struct PendingChanges {
    waiting: Mutex<HashMap<ChannelId, RateChange>>,
    wakeup: Notify,
}

impl PendingChanges {
    pub fn put(&self, change: RateChange) {
        self.lock().insert(change.number.channel, change);
        self.wakeup.notify_one();
    }

    /// Waits for a change. Cancellation safe.
    pub async fn next(&self) -> RateChange {
        loop {
            {
                let mut waiting = self.lock();
                let first = waiting.keys().next().copied();
                if let Some(change) = first.and_then(|channel| waiting.remove(&channel)) {
                    if !waiting.is_empty() {
                        self.wakeup.notify_one();
                    }
                    return change;
                }
            }
            self.wakeup.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ChannelId, RateChange>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
