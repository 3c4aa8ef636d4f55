use std::{mem, time::Duration};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Something handed in, and who waits for the answer.
pub type Asked<T, A> = (T, oneshot::Sender<A>);

/// Hands something in, waits for a place if there is none, and returns the answer; `None` when nobody answers any more.
pub async fn ask<T, A>(to: &mpsc::Sender<Asked<T, A>>, what: T) -> Option<A> {
    let (answer, answered) = oneshot::channel();
    to.send((what, answer)).await.ok()?;
    answered.await.ok()
}

/// What many tasks want written or read, to be done together: a commit costs about the same whatever it holds. While one batch is under way
/// the next gathers, so there is no timer, unless one is asked for.
pub struct Batches<T> {
    from: mpsc::Receiver<T>,
    most: usize,
    weight: fn(&T) -> usize,
    linger: Option<Duration>,
    /// Taken, and not handed on yet.
    waiting: Vec<T>,
}

impl<T> Batches<T> {
    /// Batches of at most so many.
    pub fn of(most: usize, from: mpsc::Receiver<T>) -> Self {
        Self {
            from,
            most,
            weight: |_| 1,
            linger: None,
            waiting: Vec::new(),
        }
    }

    /// Counts each as so many. The last of a batch may be more than there was room for.
    pub fn weighed(self, weight: fn(&T) -> usize) -> Self {
        Self { weight, ..self }
    }

    /// Waits so long for others where a batch has room for them.
    pub fn lingering(self, linger: Duration) -> Self {
        let linger = Some(linger);
        Self { linger, ..self }
    }

    /// Whatever waits, at least one; `None` when nothing does any more, and `stop` is cancelled or nobody is left to hand anything in.
    /// Nothing is lost where this is dropped before it returns.
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

    /// Adds what has come; tells whether there is room for more.
    fn fill(&mut self) -> bool {
        let mut weight: usize = self.waiting.iter().map(self.weight).sum();
        while weight < self.most {
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
        let mut batches = Batches::of(3, from);
        assert_eq!(batches.next(&stop).await, Some(vec![1, 2, 3]));
        assert_eq!(batches.next(&stop).await, Some(vec![4, 5]));
        assert_eq!(batches.next(&stop).now_or_never(), None, "it waits for the first");
    }

    #[tokio::test]
    async fn what_weighs_more_fills_a_batch_sooner() {
        let ((_to, from), stop) = (holding([vec![0; 2], vec![0; 9], vec![0; 1]]), CancellationToken::new());
        let mut batches = Batches::of(3, from).weighed(Vec::len);
        let lengths = |batch: Option<Vec<Vec<u8>>>| batch.map(|it| it.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(lengths(batches.next(&stop).await), Some(vec![2, 9]));
        assert_eq!(lengths(batches.next(&stop).await), Some(vec![1]));
    }

    #[tokio::test]
    async fn they_end_with_the_stop_or_the_last_giver_but_not_before_everything_is_taken() {
        let ((to, from), stop) = (holding(1..=3), CancellationToken::new());
        stop.cancel();
        let mut batches = Batches::of(2, from);
        assert_eq!(batches.next(&stop).await, Some(vec![1, 2]));
        assert_eq!(batches.next(&stop).await, Some(vec![3]));
        assert_eq!(batches.next(&stop).await, None);
        to.try_send(4).expect("there is room");
        drop(to);
        assert_eq!(batches.next(&stop).await, Some(vec![4]));
        assert_eq!(batches.next(&CancellationToken::new()).await, None);
    }

    #[tokio::test]
    async fn one_that_lingers_takes_those_who_come_a_little_later() {
        let ((to, from), stop) = (holding([1]), CancellationToken::new());
        let mut batches = Batches::of(2, from).lingering(Duration::from_millis(1));
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
    async fn what_was_taken_by_one_who_gave_up_lingering_comes_first_the_next_time_also_at_the_end() {
        let ((to, from), stop) = (holding([1, 2]), CancellationToken::new());
        let mut batches = Batches::of(3, from).lingering(Duration::from_millis(1));
        assert_eq!(batches.next(&stop).now_or_never(), None, "it has room, and waits");
        to.try_send(3).expect("there is room");
        to.try_send(4).expect("there is room");
        stop.cancel();
        assert_eq!(batches.next(&stop).await, Some(vec![1, 2, 3]));
        assert_eq!(batches.next(&stop).await, Some(vec![4]));
        assert_eq!(batches.next(&stop).await, None);
    }

    #[tokio::test]
    async fn who_asks_has_the_answer_or_hears_that_there_is_none() {
        let (to, from) = mpsc::channel::<Asked<i64, i64>>(1);
        let mut batches = Batches::of(2, from);
        let answer = async {
            let stop = CancellationToken::new();
            for (n, told) in batches.next(&stop).await.expect("somebody asks") {
                let _ = told.send(n * 2);
            }
            for (_, told) in batches.next(&stop).await.expect("somebody asks") {
                drop(told);
            }
            drop(batches);
        };
        let asked = async { (ask(&to, 21).await, ask(&to, 1).await, ask(&to, 1).await) };
        assert_eq!(tokio::join!(asked, answer).0, (Some(42), None, None));
    }
}
