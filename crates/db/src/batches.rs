//! Group commit: items of many tasks are gathered into batches.

use std::{mem, time::Duration};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// An item and the channel for its answer.
pub type Submission<T, A> = (T, oneshot::Sender<A>);

/// Submits an item, waiting for room in the channel, and returns the answer; `None` if the receiver is gone.
pub async fn submit<T, A>(to: &mpsc::Sender<Submission<T, A>>, what: T) -> Option<A> {
    let (answer, answered) = oneshot::channel();
    to.send((what, answer)).await.ok()?;
    answered.await.ok()
}

/// Gathers items of many tasks into batches: a commit costs about the same whatever its size. While one batch is processed the next one
/// gathers, so no timer is needed, but one can be set.
pub struct BatchReceiver<T> {
    from: mpsc::Receiver<T>,
    max_weight: usize,
    weight: fn(&T) -> usize,
    linger: Option<Duration>,
    /// Received, not returned yet.
    waiting: Vec<T>,
}

impl<T> BatchReceiver<T> {
    /// Creates a receiver of batches of at most this weight.
    pub fn new(max_weight: usize, from: mpsc::Receiver<T>) -> Self {
        Self {
            from,
            max_weight,
            weight: |_| 1,
            linger: None,
            waiting: Vec::new(),
        }
    }

    /// Sets the weight of an item (default 1). The last item of a batch may exceed the limit.
    pub fn with_weight(self, weight: fn(&T) -> usize) -> Self {
        Self { weight, ..self }
    }

    /// Waits this long for more items while a batch is not full.
    pub fn with_linger(self, linger: Duration) -> Self {
        let linger = Some(linger);
        Self { linger, ..self }
    }

    /// Returns what waits, at least one item; `None` when nothing does and either `stop` is cancelled or all senders are gone. Cancellation
    /// safe.
    pub async fn next(&mut self, stop: &CancellationToken) -> Option<Vec<T>> {
        if self.waiting.is_empty() {
            let first = tokio::select! {
                biased;
                first = self.from.recv() => first,
                () = stop.cancelled() => self.from.try_recv().ok(),
            };
            self.waiting.push(first?);
        }
        let has_room = self.fill();
        if let Some(linger) = self.linger.filter(|_| has_room) {
            tokio::time::sleep(linger).await;
            self.fill();
        }
        Some(mem::take(&mut self.waiting))
    }

    /// Adds items from the channel and returns whether the batch has room for more.
    fn fill(&mut self) -> bool {
        let mut weight: usize = self.waiting.iter().map(self.weight).sum();
        while weight < self.max_weight {
            let Ok(next) = self.from.try_recv() else { return true };
            weight += (self.weight)(&next);
            self.waiting.push(next);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn holding<T>(items: impl IntoIterator<Item = T>) -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
        let (to, from) = mpsc::channel(16);
        for item in items {
            assert!(to.try_send(item).is_ok(), "there is room");
        }
        (to, from)
    }

    #[tokio::test]
    async fn a_batch_is_whatever_waits_up_to_its_limit() {
        let ((_to, from), stop) = (holding(1..=5), CancellationToken::new());
        let mut batches = BatchReceiver::new(3, from);
        assert_eq!(batches.next(&stop).await, Some(vec![1, 2, 3]));
        assert_eq!(batches.next(&stop).await, Some(vec![4, 5]));
        assert_eq!(batches.next(&stop).now_or_never(), None, "it waits for the first");
    }

    #[tokio::test]
    async fn heavier_items_fill_a_batch_sooner() {
        let ((_to, from), stop) = (holding([vec![0; 2], vec![0; 9], vec![0; 1]]), CancellationToken::new());
        let mut batches = BatchReceiver::new(3, from).with_weight(Vec::len);
        let lengths = |batch: Option<Vec<Vec<u8>>>| batch.map(|it| it.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(lengths(batches.next(&stop).await), Some(vec![2, 9]));
        assert_eq!(lengths(batches.next(&stop).await), Some(vec![1]));
    }

    #[tokio::test]
    async fn batches_end_with_the_stop_or_the_last_sender_after_everything_is_received() {
        let ((to, from), stop) = (holding(1..=3), CancellationToken::new());
        stop.cancel();
        let mut batches = BatchReceiver::new(2, from);
        assert_eq!(batches.next(&stop).await, Some(vec![1, 2]));
        assert_eq!(batches.next(&stop).await, Some(vec![3]));
        assert_eq!(batches.next(&stop).await, None);
        to.try_send(4).expect("there is room");
        drop(to);
        assert_eq!(batches.next(&stop).await, Some(vec![4]));
        assert_eq!(batches.next(&CancellationToken::new()).await, None);
    }

    #[tokio::test]
    async fn a_lingering_batch_takes_items_that_come_a_little_later() {
        let ((to, from), stop) = (holding([1]), CancellationToken::new());
        let mut batches = BatchReceiver::new(2, from).with_linger(Duration::from_millis(1));
        let mut batch = Box::pin(batches.next(&stop));
        assert_eq!(batch.as_mut().now_or_never(), None, "it has room, and waits");
        to.try_send(2).expect("there is room");
        assert_eq!(batch.await, Some(vec![1, 2]));
        to.try_send(3).expect("there is room");
        to.try_send(4).expect("there is room");
        assert_eq!(
            batches.next(&stop).now_or_never(),
            Some(Some(vec![3, 4])),
            "a full one waits for nobody"
        );
    }

    #[tokio::test]
    async fn items_of_a_cancelled_linger_come_first_in_the_next_batch() {
        let ((to, from), stop) = (holding([1, 2]), CancellationToken::new());
        let mut batches = BatchReceiver::new(3, from).with_linger(Duration::from_millis(1));
        assert_eq!(batches.next(&stop).now_or_never(), None, "it has room, and waits");
        to.try_send(3).expect("there is room");
        to.try_send(4).expect("there is room");
        stop.cancel();
        assert_eq!(batches.next(&stop).await, Some(vec![1, 2, 3]));
        assert_eq!(batches.next(&stop).await, Some(vec![4]));
        assert_eq!(batches.next(&stop).await, None);
    }

    #[tokio::test]
    async fn a_caller_gets_the_answer_or_none_if_the_receiver_is_gone() {
        let (to, from) = mpsc::channel::<Submission<i64, i64>>(1);
        let mut batches = BatchReceiver::new(2, from);
        let answer = async {
            let stop = CancellationToken::new();
            for (n, reply) in batches.next(&stop).await.expect("somebody asks") {
                let _ = reply.send(n * 2);
            }
            for (_, reply) in batches.next(&stop).await.expect("somebody asks") {
                drop(reply);
            }
            drop(batches);
        };
        let asked = async { (submit(&to, 21).await, submit(&to, 1).await, submit(&to, 1).await) };
        assert_eq!(tokio::join!(asked, answer).0, (Some(42), None, None));
    }
}
