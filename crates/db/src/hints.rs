use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::mpsc;
use uuid::Uuid;

/// Number of commits whose hints may be queued for a subscriber.
const CAPACITY: usize = 1_024;

/// A row to look at: the name of its queue, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    pub queue: &'static str,
    pub id: Uuid,
}

/// The sender of hints of committed transactions. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct HintSender(Arc<RwLock<Vec<Subscriber>>>);

/// The one who hears of the hints of a queue.
#[derive(Debug)]
struct Subscriber {
    queue: &'static str,
    to: mpsc::Sender<Vec<Hint>>,
}

impl HintSender {
    /// Subscribes to the hints of a queue, one list per commit. Possible once per queue and database.
    pub(super) fn subscribe(&self, queue: &'static str) -> Option<mpsc::Receiver<Vec<Hint>>> {
        let (to, from) = mpsc::channel(CAPACITY);
        let mut subscribers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if subscribers.iter().any(|it| it.queue == queue) {
            return None;
        }
        subscribers.push(Subscriber { queue, to });
        Some(from)
    }

    /// Returns whether somebody hears of the hints of a queue.
    pub(super) fn has_subscriber(&self, queue: &str) -> bool {
        self.subscribers().iter().any(|it| it.queue == queue)
    }

    /// Sends hints without waiting; when a channel is full they are dropped.
    pub(super) fn send(&self, hints: &[Hint]) {
        if hints.is_empty() {
            return;
        }
        for subscriber in self.subscribers().iter() {
            let own: Vec<Hint> = hints
                .iter()
                .filter(|it| it.queue == subscriber.queue)
                .copied()
                .collect();
            if !own.is_empty() && subscriber.to.try_send(own).is_err() {
                metrics::counter!("mainstay_hints_dropped_total").increment(1);
            }
        }
    }

    fn subscribers(&self) -> RwLockReadGuard<'_, Vec<Subscriber>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    fn hint() -> Hint {
        Hint {
            queue: "lines",
            id: Uuid::from_u128(rand::random()),
        }
    }

    #[tokio::test]
    async fn hints_are_sent_once_their_transaction_is_committed() {
        let db = Scratch::empty().await;
        let mut unheard = db.begin().await.expect("a transaction begins");
        unheard.hint(hint());
        unheard.commit().await.expect("it commits though nobody listens");
        let mut heard = db.subscribe_to_hints("lines").expect("nobody listens yet");
        assert!(db.subscribe_to_hints("lines").is_none(), "one subscriber is enough");
        let mut others = db.subscribe_to_hints("others").expect("nobody listens yet");
        let (mut gone, kept) = (db.begin().await.expect("a transaction begins"), [hint(), hint()]);
        gone.hint(hint());
        gone.rollback().await.expect("it rolls back");
        let mut tx = db.begin().await.expect("a transaction begins");
        kept.into_iter().for_each(|it| tx.hint(it));
        assert!(heard.try_recv().is_err(), "nothing is committed yet");
        tx.commit().await.expect("it commits");
        assert_eq!(heard.try_recv().expect("it is heard"), kept);
        db.begin()
            .await
            .expect("a transaction begins")
            .commit()
            .await
            .expect("it commits");
        assert!(heard.try_recv().is_err(), "a commit without hints tells nothing");
        assert!(others.try_recv().is_err(), "each hears of a queue of its own");
    }
}
