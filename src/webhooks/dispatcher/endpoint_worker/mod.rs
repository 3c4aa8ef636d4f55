//! The worker of one endpoint: takes due deliveries, runs requests concurrently, and records their results.

mod requests;

use std::{collections::VecDeque, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    DispatcherInner,
    attempt::FinishedDeliveryAttempt,
    breaker::AttemptKind,
    destination::Destination,
    pacer::Pacer,
    result_writer::WriteOutcome,
    serve::ServeError,
    take::{Chain, DeliveriesInHand, TakenDeliveries},
};
use crate::{
    db::Result,
    domain::DeliveryId,
    shares::Share,
    webhooks::store::endpoints::{self, Endpoint, EndpointHealth, EndpointRest},
};

/// Time after which a run takes up nothing new: there may be more endpoints than a process serves at a time.
const MAX_RUN: Duration = Duration::from_secs(30);
/// Interval at which a run checks whether a person has changed the endpoint.
const REVISION_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A run of the worker of one endpoint.
pub(crate) struct EndpointWorker<'l> {
    dispatcher: &'l DispatcherInner,
    endpoint: &'l Endpoint,
    destination: &'l Destination,
    health: EndpointHealth,
    in_hand: DeliveriesInHand,
    /// Deliveries taken whose requests are not started.
    waiting: VecDeque<Chain>,
    steps: FuturesUnordered<BoxFuture<'l, Step>>,
    share: Share,
    /// Requests in flight, and finished ones.
    in_flight: usize,
    finished: usize,
    reading: bool,
    /// The pause before the next read.
    pause: Duration,
    pacing: bool,
    pacer: Pacer,
    started_at: Instant,
    busy_until: Instant,
    /// Whether a request of this run has succeeded.
    proven: bool,
    /// When the endpoint was last known to be unchanged, and whether that is being checked.
    checked_at: Instant,
    checking: bool,
    /// A person has changed the endpoint: the loaded state is invalid.
    stale: bool,
    /// Takes and starts nothing more.
    stopping: bool,
    stopped: CancellationToken,
    disabled: bool,
    /// The worst outcome of storing a result.
    written: WriteOutcome,
}

enum Step {
    Taken(Result<TakenDeliveries>),
    RevisionChecked(Result<Option<i64>>),
    Finished(Box<FinishedDeliveryAttempt>, AttemptKind, Chain),
    /// Not sent: it was waiting for a permit when the worker stopped.
    NotSent(DeliveryId, Chain),
    Stored(DeliveryId, WriteOutcome),
    Paced,
}

impl<'l> EndpointWorker<'l> {
    pub fn new(dispatcher: &'l DispatcherInner, endpoint: &'l Endpoint, destination: &'l Destination) -> Self {
        Self {
            dispatcher,
            endpoint,
            destination,
            health: endpoint.health.clone(),
            in_hand: DeliveriesInHand::new(),
            waiting: VecDeque::new(),
            steps: FuturesUnordered::new(),
            share: dispatcher.permits.share(endpoint.tenant_id),
            in_flight: 0,
            finished: 0,
            reading: false,
            pause: Duration::ZERO,
            pacing: false,
            pacer: Pacer::new(endpoint.rate_limit_per_second),
            started_at: Instant::now(),
            busy_until: Instant::now(),
            proven: false,
            checked_at: Instant::now(),
            checking: false,
            stale: false,
            stopping: false,
            stopped: CancellationToken::new(),
            disabled: false,
            written: WriteOutcome::Yes,
        }
    }

    /// Sends what is due and returns how long the endpoint rests.
    pub async fn serve(mut self) -> std::result::Result<EndpointRest, ServeError> {
        self.work().await?;
        match self.written {
            WriteOutcome::Yes => {}
            // Results that were not stored are still due. Back off from the database for a moment.
            WriteOutcome::Lost => return Err(ServeError::Database(sqlx::Error::PoolTimedOut)),
            WriteOutcome::Refused => return Err(ServeError::Unwritable),
        }
        self.pacer.wait_until_free().await;
        Ok(match self.disabled {
            true => EndpointRest::Disabled,
            false if self.stale => EndpointRest::Until(None),
            false => EndpointRest::Until(self.health.probe_at),
        })
    }

    async fn work(&mut self) -> Result<()> {
        let shutdown = &self.dispatcher.shutdown;
        self.fetch();
        loop {
            if self.started_at.elapsed() > MAX_RUN {
                self.stop();
            }
            self.start_requests();
            let step = tokio::select! {
                step = self.steps.next() => step,
                () = shutdown.cancelled(), if !self.stopping => {
                    self.stop();
                    continue;
                }
                () = sleep_until(self.checked_at + REVISION_CHECK_INTERVAL), if !self.stopping && !self.checking => {
                    self.check_revision();
                    continue;
                }
            };
            match step {
                None => return Ok(()),
                Some(Step::Taken(taken)) => self.on_taken(taken?),
                Some(Step::RevisionChecked(revision)) => self.revision_checked(revision),
                Some(Step::Finished(attempt, kind, rest)) => self.conclude(*attempt, kind, rest),
                Some(Step::NotSent(id, rest)) => {
                    self.in_flight -= 1;
                    self.in_hand.remove(&id);
                    self.release(&rest);
                }
                Some(Step::Stored(id, written)) => {
                    self.in_hand.remove(&id);
                    if written != WriteOutcome::Yes {
                        self.written = self.written.max(written);
                        self.stop();
                    }
                }
                Some(Step::Paced) => self.pacing = false,
            }
            self.fetch();
        }
    }

    /// Starts to check whether a person has changed the endpoint.
    fn check_revision(&mut self) {
        let (db, id) = (&self.dispatcher.webhooks.db, self.endpoint.id);
        self.checking = true;
        let checking = async move { Step::RevisionChecked(endpoints::revision(db.reader(), id).await) };
        self.steps.push(checking.boxed());
    }

    fn revision_checked(&mut self, revision: Result<Option<i64>>) {
        self.checking = false;
        self.checked_at = Instant::now();
        // A failed check is repeated at the next interval.
        if revision.is_ok_and(|revision| revision != Some(self.endpoint.revision)) {
            self.stale = true;
            self.stop();
        }
    }

    /// Stops taking and starting deliveries, also those waiting for a permit; requests in flight finish.
    fn stop(&mut self) {
        self.stopping = true;
        self.stopped.cancel();
        for chain in std::mem::take(&mut self.waiting) {
            self.release(&chain);
        }
    }

    fn release(&mut self, chain: &Chain) {
        for due in chain {
            self.in_hand.remove(&due.id);
        }
    }
}
