use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::RateChange;
use crate::domain::ChannelId;

/// Changes that this process was told of and has not looked at yet; of each number the last.
#[derive(Default)]
pub(super) struct Changes {
    waiting: Mutex<HashMap<ChannelId, RateChange>>,
    bell: Notify,
}

impl Changes {
    pub fn put(&self, change: RateChange) {
        self.lock().insert(change.number.channel, change);
        self.bell.notify_one();
    }

    /// Waits for one. Nothing is lost when the wait is given up.
    pub async fn next(&self) -> RateChange {
        loop {
            {
                let mut waiting = self.lock();
                let first = waiting.keys().next().copied();
                if let Some(change) = first.and_then(|channel| waiting.remove(&channel)) {
                    if !waiting.is_empty() {
                        self.bell.notify_one();
                    }
                    return change;
                }
            }
            self.bell.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ChannelId, RateChange>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
