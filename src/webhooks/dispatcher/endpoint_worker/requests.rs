//! Takes deliveries, sends their requests, and handles the outcomes.

use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep};

use super::{EndpointWorker, Step};
use crate::webhooks::{
    dispatcher::{
        attempt::{DeliveryOutcome, FinishedDeliveryAttempt, send_request},
        breaker::{self, AttemptKind},
        result::{DeliveryNextStep, conclude},
        take::{Chain, TakenDeliveries, take_due},
    },
    store::deliveries::DueDelivery,
};

/// How long a busy run keeps looking for more: a new run costs more than another read.
const LINGER: Duration = Duration::from_millis(250);
/// Number of requests that make a run busy.
const BUSY_FROM: usize = 8;
/// Interval between reads that find nothing, at first.
const POLL: Duration = Duration::from_millis(25);
/// Interval between reads that find nothing, later.
const POLL_IDLE: Duration = Duration::from_millis(100);
/// Minimum number of deliveries taken at a time.
const MIN_TAKEN: usize = 32;
/// Concurrent requests until the first of this run has succeeded: an endpoint that hangs occupies no more than it takes to open the breaker.
const MAX_UNPROVEN: usize = breaker::BREAKER as usize;

impl EndpointWorker<'_> {
    fn most(&self) -> usize {
        let most = usize::try_from(self.endpoint.max_concurrent).unwrap_or(1).max(1);
        breaker::concurrency_limit(&self.health, if self.proven { most } else { most.min(MAX_UNPROVEN) })
    }

    /// Takes more deliveries if there is room.
    pub(super) fn fetch(&mut self) {
        let most = self.most();
        let probing = breaker::is_probing(&self.health);
        let enough = if probing {
            !self.in_hand.is_empty()
        } else {
            self.waiting.len() >= most
        };
        if self.stopping || self.reading || enough || (self.is_dry() && self.in_hand.is_empty() && !self.is_busy()) {
            return;
        }
        let room = if probing {
            1
        } else {
            (2 * most).max(MIN_TAKEN) - self.waiting.len()
        };
        let (dispatcher, endpoint, in_hand, pause) = (self.dispatcher, self.endpoint, self.in_hand.clone(), self.pause);
        self.reading = true;
        let taking = async move { Step::Taken(take_due(dispatcher, endpoint, in_hand, room, pause).await) };
        self.steps.push(taking.boxed());
    }

    /// Returns whether the last read found nothing.
    fn is_dry(&self) -> bool {
        !self.pause.is_zero()
    }

    fn is_busy(&self) -> bool {
        self.finished >= BUSY_FROM && Instant::now() < self.busy_until
    }

    pub(super) fn on_taken(&mut self, taken: TakenDeliveries) {
        self.reading = false;
        let chains = match taken {
            _ if self.stopping => return,
            TakenDeliveries::Stale => {
                self.stale = true;
                return self.stop();
            }
            TakenDeliveries::Chains(chains) => chains,
        };
        if !chains.is_empty() {
            self.checked_at = Instant::now();
        }
        self.pause = match chains.is_empty() {
            false => Duration::ZERO,
            true if self.is_busy() || self.pause.is_zero() => POLL,
            true => POLL_IDLE,
        };
        let probing = breaker::is_probing(&self.health);
        for mut chain in chains {
            if probing {
                if !self.in_hand.is_empty() {
                    return;
                }
                chain.truncate(1);
            }
            self.in_hand.extend(chain.iter().map(|it| (it.id, it.order_key)));
            self.waiting.push_back(chain);
        }
    }

    /// Starts requests up to the concurrency limit.
    pub(super) fn start_requests(&mut self) {
        while self.in_flight < self.most() && !self.pacing {
            if self.waiting.is_empty() {
                return;
            }
            if let Some(wait) = self.pacer.wait() {
                self.pacing = true;
                let pacing = async move {
                    sleep(wait).await;
                    Step::Paced
                };
                self.steps.push(pacing.boxed());
                return;
            }
            let Some(mut chain) = self.waiting.pop_front() else {
                return;
            };
            if let Some(due) = chain.pop_front() {
                self.pacer.record();
                self.start(due, chain);
            }
        }
    }

    /// Starts one request. It is a probe if the breaker is open or a `Retry-After` is pending; requests already in flight then are not.
    fn start(&mut self, due: DueDelivery, rest: Chain) {
        let (dispatcher, destination, share, stopped) = (
            self.dispatcher,
            self.destination,
            self.share.clone(),
            self.stopped.clone(),
        );
        let kind = match breaker::is_probing(&self.health) {
            true => AttemptKind::Probe,
            false => AttemptKind::Delivery,
        };
        self.in_flight += 1;
        let request = async move {
            let permit = tokio::select! {
                biased;
                () = stopped.cancelled() => return Step::NotSent(due.id, rest),
                permit = share.acquire() => permit,
            };
            let attempt = send_request(dispatcher, destination, due).await;
            drop(permit);
            Step::Finished(Box::new(attempt), kind, rest)
        };
        self.steps.push(request.boxed());
    }

    /// Handles a finished request: updates the endpoint's health, stores the result, and continues with the conversation.
    pub(super) fn conclude(&mut self, attempt: FinishedDeliveryAttempt, kind: AttemptKind, rest: Chain) {
        self.in_flight -= 1;
        self.finished += 1;
        self.busy_until = Instant::now() + LINGER;
        let (id, outcome) = (attempt.due.id, attempt.outcome);
        self.proven |= outcome == DeliveryOutcome::Succeeded;
        let config = &self.dispatcher.config;
        let now = self.dispatcher.webhooks.clock.now();
        let (report, next) = conclude(attempt, self.endpoint, &mut self.health, kind, config, now);
        let dispatcher = self.dispatcher;
        let writing = async move { Step::Stored(id, dispatcher.result_writer.write(report).await) };
        self.steps.push(writing.boxed());
        if next != DeliveryNextStep::Continue {
            self.disabled |= next == DeliveryNextStep::Disabled;
            self.stop();
        }
        let goes_on = matches!(outcome, DeliveryOutcome::Succeeded | DeliveryOutcome::Expired) && !self.stopping;
        if goes_on && !rest.is_empty() {
            self.waiting.push_front(rest);
        } else {
            self.release(&rest);
        }
    }
}
