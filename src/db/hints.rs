use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc;
use uuid::Uuid;

/// Number of commits whose hints may be queued.
const CAPACITY: usize = 1_024;

/// A row to look at: the name of its queue, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    pub queue: &'static str,
    pub id: Uuid,
}

/// The sender of hints of committed transactions. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct HintSender(Arc<OnceLock<mpsc::Sender<Vec<Hint>>>>);

impl HintSender {
    /// Subscribes to the hints, one list per commit. Possible once per database.
    pub(super) fn subscribe(&self) -> Option<mpsc::Receiver<Vec<Hint>>> {
        let (to, from) = mpsc::channel(CAPACITY);
        self.0.set(to).ok().map(|()| from)
    }

    /// Sends hints without waiting; when the channel is full they are dropped.
    pub(super) fn send(&self, hints: Vec<Hint>) {
        if let Some(to) = self.0.get().filter(|_| !hints.is_empty())
            && to.try_send(hints).is_err()
        {
            metrics::counter!("mainstay_hints_dropped_total").increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Scratch;

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
        let mut told = db.subscribe_to_hints().expect("nobody listens yet");
        assert!(db.subscribe_to_hints().is_none(), "one subscriber is enough");
        let (mut gone, kept) = (db.begin().await.expect("a transaction begins"), [hint(), hint()]);
        gone.hint(hint());
        gone.rollback().await.expect("it rolls back");
        let mut tx = db.begin().await.expect("a transaction begins");
        kept.into_iter().for_each(|it| tx.hint(it));
        assert!(told.try_recv().is_err(), "nothing is committed yet");
        tx.commit().await.expect("it commits");
        assert_eq!(told.try_recv().expect("it is told"), kept);
        db.begin()
            .await
            .expect("a transaction begins")
            .commit()
            .await
            .expect("it commits");
        assert!(told.try_recv().is_err(), "a commit without hints tells nothing");
    }
}
