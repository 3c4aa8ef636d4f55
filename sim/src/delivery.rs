//! Delivery: several POSTs at once, each body again and again until it is answered 200.

use std::pin::pin;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, interval, sleep};

use crate::ledger::Ending;
use crate::simulator::lock;
use crate::{Authenticity, Simulator, Webhook};

/// How the delivery of one body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Answered 200, and Meta saw it.
    Acknowledged,
    /// The redelivery window passed, or the run was ended first.
    GivenUp,
    /// Not Meta's own, so sent only once: what it was answered, if anything.
    Once(Option<StatusCode>),
}

/// What became of a number of webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub acknowledged: u64,
    pub given_up: u64,
    /// Forged and garbage bodies.
    pub once: u64,
}

impl Simulator {
    /// Posts a webhook until it is answered 200, or the window has passed.
    pub async fn deliver(&self, webhook: Webhook) -> Answer {
        self.deliver_until(webhook, None, watch::channel(false).1).await
    }

    /// Generates `count` webhooks and delivers them as fast as the receiver allows. Ends when each one is acknowledged
    /// or given up, so with a receiver that is down for good it lasts as long as the redelivery window.
    pub async fn send_all(&self, count: usize) -> Delivered {
        let mut deliveries = Deliveries::new(self, watch::channel(false).1);
        for _ in 0..count {
            deliveries.start(self.generate()).await;
        }
        deliveries.finish().await
    }

    /// Delivers what the traffic still owes: the rest of stories begun, and changes held back. After it, every message
    /// of the business that had a status has been told of.
    pub async fn send_rest(&self) -> Delivered {
        let webhooks = lock(&self.inner.traffic).rest();
        let mut deliveries = Deliveries::new(self, watch::channel(false).1);
        for webhook in webhooks {
            self.enter(&webhook);
            deliveries.start(webhook).await;
        }
        deliveries.finish().await
    }

    /// Traffic at the configured rate until `cancel` is ready. POSTs under way are then finished; what waits for a
    /// redelivery is abandoned, and stays unacknowledged in the ledger.
    pub async fn run(&self, cancel: impl Future) -> Delivered {
        let (stop, stopped) = watch::channel(false);
        let mut deliveries = Deliveries::new(self, stopped);
        let mut ticks = interval(Duration::from_secs_f64(1.0 / self.config().rate_per_second));
        let mut cancel = pin!(cancel);
        loop {
            let turn = async {
                self.next_turn(&mut ticks).await;
                deliveries.start(self.generate()).await;
            };
            tokio::select! {
                biased;
                _ = &mut cancel => break,
                () = turn => {}
            }
        }
        stop.send_replace(true);
        deliveries.finish().await
    }

    /// Waits for the next tick; those of a pause do not count.
    async fn next_turn(&self, ticks: &mut Interval) {
        if *self.inner.paused.borrow() {
            self.resumed().await;
            ticks.reset_immediately();
        }
        ticks.tick().await;
    }

    pub(crate) async fn resumed(&self) {
        let mut paused = self.inner.paused.subscribe();
        paused
            .wait_for(|paused| !paused)
            .await
            .expect("the simulator holds the sender");
    }

    /// A permit for one POST, which may have been taken already.
    async fn slot(&self, held: Option<OwnedSemaphorePermit>) -> OwnedSemaphorePermit {
        let slot = match held {
            Some(slot) => slot,
            None => self
                .inner
                .posters
                .clone()
                .acquire_owned()
                .await
                .expect("nobody closes the semaphore"),
        };
        self.resumed().await;
        slot
    }

    pub(crate) async fn deliver_until(
        &self,
        webhook: Webhook,
        mut held: Option<OwnedSemaphorePermit>,
        mut stop: watch::Receiver<bool>,
    ) -> Answer {
        let started = Instant::now();
        let policy = &self.config().redelivery;
        let mut failures = 0;
        loop {
            let slot = tokio::select! {
                biased;
                () = told(&mut stop) => return Answer::GivenUp,
                slot = self.slot(held.take()) => slot,
            };
            let lose_answer = webhook.answer_is_lost && failures == 0;
            let ending = self.post(&webhook, lose_answer).await;
            drop(slot);
            lock(&self.inner.ledger).record_post(&webhook, failures, ending);
            match (webhook.authenticity, ending) {
                (Authenticity::Genuine, Ending::Answered(StatusCode::OK)) => return Answer::Acknowledged,
                (Authenticity::Genuine, _) => failures += 1,
                (_, Ending::Answered(status)) => return Answer::Once(Some(status)),
                (_, Ending::AnswerLost | Ending::Unanswered) => return Answer::Once(None),
            }
            let gap = policy.gap(failures);
            if started.elapsed() + gap > policy.window {
                tracing::warn!(
                    sim.failures = failures,
                    "a webhook is dropped, its redelivery window has passed"
                );
                lock(&self.inner.ledger).record_given_up();
                return Answer::GivenUp;
            }
            tokio::select! {
                () = told(&mut stop) => return Answer::GivenUp,
                () = sleep(gap) => {}
            }
        }
    }

    async fn post(&self, webhook: &Webhook, lose_answer: bool) -> Ending {
        let app_secret = &self.config().app_secret;
        let signature = webhook.signature(app_secret);
        let legacy_with = webhook.legacy_header.then_some(app_secret.as_str());
        match self
            .inner
            .courier
            .post(
                webhook.callback_url.as_deref(),
                webhook.body.clone(),
                signature.as_deref(),
                legacy_with,
            )
            .await
        {
            Ok(StatusCode::OK) if lose_answer => Ending::AnswerLost,
            Ok(status) => Ending::Answered(status),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a webhook got no answer");
                Ending::Unanswered
            }
        }
    }
}

/// Ready once someone says stop; never, if there is nobody left to say it.
async fn told(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// Deliveries under way, no more of them than the backlog allows.
struct Deliveries {
    simulator: Simulator,
    tasks: JoinSet<Answer>,
    stop: watch::Receiver<bool>,
    delivered: Delivered,
}

impl Deliveries {
    fn new(simulator: &Simulator, stop: watch::Receiver<bool>) -> Self {
        Self {
            simulator: simulator.clone(),
            tasks: JoinSet::new(),
            stop,
            delivered: Delivered::default(),
        }
    }

    /// Takes a permit first, so that first deliveries leave in the order of generation.
    async fn start(&mut self, webhook: Webhook) {
        while self.tasks.len() >= self.simulator.config().backlog {
            self.join_next().await;
        }
        while let Some(Ok(answer)) = self.tasks.try_join_next() {
            self.delivered.count(answer);
        }
        let posters = self.simulator.inner.posters.clone();
        let slot = posters.acquire_owned().await.expect("nobody closes the semaphore");
        let (simulator, stop) = (self.simulator.clone(), self.stop.clone());
        self.tasks
            .spawn(async move { simulator.deliver_until(webhook, Some(slot), stop).await });
    }

    async fn finish(mut self) -> Delivered {
        while self.join_next().await {}
        self.delivered
    }

    /// False when there is nothing left to wait for.
    async fn join_next(&mut self) -> bool {
        match self.tasks.join_next().await {
            Some(Ok(answer)) => self.delivered.count(answer),
            // Nobody aborts a delivery, so it has panicked, and the panic is what there is to report.
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => return false,
        }
        true
    }
}

impl Delivered {
    fn count(&mut self, answer: Answer) {
        match answer {
            Answer::Acknowledged => self.acknowledged += 1,
            Answer::GivenUp => self.given_up += 1,
            Answer::Once(_) => self.once += 1,
        }
    }
}
