use tokio::sync::mpsc;
use uuid::Uuid;

/// How many batches of ids may wait to be queued.
const CAPACITY: usize = 1_024;

/// Tells the queue what was stored, off the path of the answer. A hint that cannot be given is no loss: the row is born with its
/// due time, and the sweep finds it.
#[derive(Clone)]
pub struct Hints {
    to: mpsc::Sender<Vec<Uuid>>,
    dropped: metrics::Counter,
}

impl Hints {
    /// The giver and the taker of hints.
    pub fn channel() -> (Self, mpsc::Receiver<Vec<Uuid>>) {
        let (to, from) = mpsc::channel(CAPACITY);
        (
            Self {
                to,
                dropped: metrics::counter!("mainstay_intake_hints_dropped_total"),
            },
            from,
        )
    }

    pub(super) fn send(&self, ids: Vec<Uuid>) {
        if self.to.try_send(ids).is_err() {
            self.dropped.increment(1);
        }
    }
}
