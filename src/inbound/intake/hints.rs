use tokio::sync::mpsc;
use uuid::Uuid;

/// Maximum number of batches of ids waiting to be queued.
const CAPACITY: usize = 1_024;

/// Sends ids of stored webhooks to the queue without delaying the response. A lost hint is harmless: the row has a due time, and the
/// sweep finds it.
#[derive(Clone)]
pub struct Hints {
    to: mpsc::Sender<Vec<Uuid>>,
    dropped: metrics::Counter,
}

impl Hints {
    /// Returns the sender and the receiver of hints.
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

    /// Sends ids, or drops and counts them when the channel is full.
    pub(super) fn send(&self, ids: Vec<Uuid>) {
        if self.to.try_send(ids).is_err() {
            self.dropped.increment(1);
        }
    }
}
