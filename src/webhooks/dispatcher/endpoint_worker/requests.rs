//! What a line takes in hand, the requests it makes, and what follows from each.

use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep};

use super::{Line, Step};
use crate::webhooks::{
    dispatcher::{
        call::{Called, Outcome, call},
        result::{After, conclude},
        standing::{self, Meant},
        take::{Chain, Taken, take},
    },
    store::deliveries::Due,
};

/// A run that had something to do looks on for so long whether there is more, for to begin another costs more than to look.
const LINGER: Duration = Duration::from_millis(250);
/// Requests that make it worth it.
const BUSY: usize = 8;
/// Between two looks while nothing is found, at first and later.
const LOOK: Duration = Duration::from_millis(25);
const LOOK_LATER: Duration = Duration::from_millis(100);
/// Deliveries taken at a time, at least.
const ROOM: usize = 32;
/// Requests under way at a time until the first of this run succeeded: one that hangs is to keep no more than it takes to find out.
const UNPROVEN: usize = standing::BREAKER as usize;

impl Line<'_> {
    fn most(&self) -> usize {
        let most = usize::try_from(self.endpoint.max_concurrent).unwrap_or(1).max(1);
        standing::room(&self.standing, if self.proven { most } else { most.min(UNPROVEN) })
    }

    /// Takes more, if there is room for it.
    pub(super) fn read(&mut self) {
        let most = self.most();
        let probing = standing::is_probed(&self.standing);
        let enough = if probing {
            !self.hand.is_empty()
        } else {
            self.waiting.len() >= most
        };
        if self.leaving || self.reading || enough || (self.is_dry() && self.hand.is_empty() && !self.is_busy()) {
            return;
        }
        let room = if probing {
            1
        } else {
            (2 * most).max(ROOM) - self.waiting.len()
        };
        let (parts, endpoint, hand, pause) = (self.parts, self.endpoint, self.hand.clone(), self.pause);
        self.reading = true;
        let taking = async move { Step::Took(take(parts, endpoint, hand, room, pause).await) };
        self.steps.push(taking.boxed());
    }

    /// Whether the last look found nothing.
    fn is_dry(&self) -> bool {
        !self.pause.is_zero()
    }

    fn is_busy(&self) -> bool {
        self.called >= BUSY && Instant::now() < self.busy_until
    }

    pub(super) fn took(&mut self, taken: Taken) {
        self.reading = false;
        let chains = match taken {
            _ if self.leaving => return,
            Taken::Stale => {
                self.stale = true;
                return self.leave();
            }
            Taken::Chains(chains) => chains,
        };
        if !chains.is_empty() {
            self.seen = Instant::now();
        }
        self.pause = match chains.is_empty() {
            false => Duration::ZERO,
            true if self.is_busy() || self.pause.is_zero() => LOOK,
            true => LOOK_LATER,
        };
        let probing = standing::is_probed(&self.standing);
        for mut chain in chains {
            if probing {
                if !self.hand.is_empty() {
                    return;
                }
                chain.truncate(1);
            }
            self.hand.extend(chain.iter().map(|it| (it.id, it.order_key)));
            self.waiting.push_back(chain);
        }
    }

    /// Begins as many requests as may be under way.
    pub(super) fn call(&mut self) {
        while self.calling < self.most() && !self.pacing {
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
                self.pacer.take();
                self.begin(due, chain);
            }
        }
    }

    /// What is begun while the breaker is open, or after the endpoint asked to be left alone, is a probe; what was under way then is none.
    fn begin(&mut self, due: Due, rest: Chain) {
        let (parts, place, share, left) = (self.parts, self.place, self.share.clone(), self.left.clone());
        let meant = match standing::is_probed(&self.standing) {
            true => Meant::Probe,
            false => Meant::Delivery,
        };
        self.calling += 1;
        let calling = async move {
            let permit = tokio::select! {
                biased;
                () = left.cancelled() => return Step::NotMade(due.id, rest),
                permit = share.take() => permit,
            };
            let called = call(parts, place, due).await;
            drop(permit);
            Step::Called(Box::new(called), meant, rest)
        };
        self.steps.push(calling.boxed());
    }

    /// Notes how a request ended, has it written, and goes on with its conversation.
    pub(super) fn conclude(&mut self, called: Called, meant: Meant, rest: Chain) {
        self.calling -= 1;
        self.called += 1;
        self.busy_until = Instant::now() + LINGER;
        let (id, outcome) = (called.due.id, called.outcome);
        self.proven |= outcome == Outcome::Succeeded;
        let terms = &self.parts.terms;
        let now = self.parts.subscriptions.clock.now();
        let (result, after) = conclude(called, (self.endpoint, &mut self.standing), meant, terms, now);
        let parts = self.parts;
        let writing = async move { Step::Wrote(id, parts.results.put(result).await) };
        self.steps.push(writing.boxed());
        if after != After::GoOn {
            self.disabled |= after == After::Disabled;
            self.leave();
        }
        let goes_on = matches!(outcome, Outcome::Succeeded | Outcome::Expired) && !self.leaving;
        if goes_on && !rest.is_empty() {
            self.waiting.push_front(rest);
        } else {
            self.let_go(&rest);
        }
    }
}
