use std::{collections::VecDeque, time::Duration};

use chrono::TimeDelta;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::Instant;

use super::{
    Parts,
    call::{Called, Outcome, call},
    desk::Written,
    listen::offer,
    pace::Pacer,
    place::Place,
    result::{After, conclude},
    standing::{self, Meant},
    take::{Chain, Hand, Taken, take},
};
use crate::{
    db::Result,
    domain::{DeliveryId, EndpointId},
    store::{
        deliveries::Due,
        endpoints::{self, Endpoint, Rest, Standing},
    },
    subscriptions::Error,
};

/// How long one run takes things up; the others want their turn, and the lease is not for ever.
pub const RUN: Duration = Duration::from_secs(60);
/// A run that had something to do looks on for so long whether there is more, for to begin another costs more than to look.
const LINGER: Duration = Duration::from_millis(250);
/// Requests that make it worth it.
const BUSY: usize = 8;
/// Between two looks while nothing is found, at first and later.
const LOOK: Duration = Duration::from_millis(25);
const LOOK_LATER: Duration = Duration::from_millis(100);
/// Deliveries taken at a time, at least.
const ROOM: usize = 32;
/// How long an endpoint rests whose secrets do not open: somebody has to put the master key back.
const NO_KEY: TimeDelta = TimeDelta::minutes(5);

/// Serves the endpoint of a line that is in hand, and puts the line off.
pub async fn serve(parts: &Parts, id: EndpointId) -> Result<()> {
    let with = &parts.subscriptions;
    let rest = match endpoints::find_to_serve(with.db.reader(), id).await? {
        Some(endpoint) => run(parts, &endpoint).await?,
        None => Rest::Disabled,
    };
    let due = endpoints::conclude_line(&with.db, id, rest, with.clock.now()).await?;
    if let Some(due) = due {
        offer(&parts.queues, &[id], due).await;
    }
    Ok(())
}

/// Delivers what is due, and tells how long the endpoint is to rest.
async fn run(parts: &Parts, endpoint: &Endpoint) -> Result<Rest> {
    let now = parts.subscriptions.clock.now();
    if let Some(probe_at) = endpoint.standing.probe_at.filter(|at| *at > now) {
        return Ok(Rest::Until(Some(probe_at)));
    }
    let place = match Place::open(&parts.subscriptions, endpoint).await {
        Ok(place) => place,
        Err(Error::Database(error)) => return Err(error),
        Err(error) => {
            tracing::error!(endpoint.id = %endpoint.id, %error, "an endpoint's secrets do not open; nothing is sent there");
            return Ok(Rest::Until(Some(now + NO_KEY)));
        }
    };
    let mut line = Line::new(parts, endpoint, &place);
    line.work().await?;
    line.pacer.end().await;
    Ok(match line.disabled {
        true => Rest::Disabled,
        false => Rest::Until(line.standing.probe_at),
    })
}

struct Line<'l> {
    parts: &'l Parts,
    endpoint: &'l Endpoint,
    place: &'l Place,
    standing: Standing,
    hand: Hand,
    /// Of what is in hand, what no request was begun for.
    waiting: VecDeque<Chain>,
    steps: FuturesUnordered<BoxFuture<'l, Step>>,
    /// Requests under way, and all that came to an end.
    calling: usize,
    called: usize,
    reading: bool,
    /// Before the next look.
    pause: Duration,
    pacing: bool,
    pacer: Pacer,
    begun: Instant,
    busy_until: Instant,
    /// Takes nothing more.
    leaving: bool,
    disabled: bool,
    lost: bool,
}

enum Step {
    Took(Result<Taken>),
    Called(Box<Called>, Chain),
    Wrote(DeliveryId, Written),
    Paced,
}

impl<'l> Line<'l> {
    fn new(parts: &'l Parts, endpoint: &'l Endpoint, place: &'l Place) -> Self {
        Self {
            parts,
            endpoint,
            place,
            standing: endpoint.standing.clone(),
            hand: Hand::new(),
            waiting: VecDeque::new(),
            steps: FuturesUnordered::new(),
            calling: 0,
            called: 0,
            reading: false,
            pause: Duration::ZERO,
            pacing: false,
            pacer: Pacer::new(endpoint.rate_limit_per_second),
            begun: Instant::now(),
            busy_until: Instant::now(),
            leaving: false,
            disabled: false,
            lost: false,
        }
    }

    async fn work(&mut self) -> Result<()> {
        let closing = &self.parts.closing;
        self.read();
        loop {
            if self.begun.elapsed() > RUN {
                self.leave();
            }
            self.call();
            let step = tokio::select! {
                step = self.steps.next() => step,
                () = closing.cancelled(), if !self.leaving => {
                    self.leave();
                    continue;
                }
            };
            match step {
                None => break,
                Some(Step::Took(taken)) => self.took(taken?),
                Some(Step::Called(called, rest)) => self.conclude(*called, rest),
                Some(Step::Wrote(id, written)) => {
                    self.hand.remove(&id);
                    if written == Written::Lost {
                        self.lost = true;
                        self.leave();
                    }
                }
                Some(Step::Paced) => self.pacing = false,
            }
            self.read();
        }
        // What is not written is still due. The database had better be let alone for a moment.
        if self.lost {
            Err(sqlx::Error::PoolTimedOut)
        } else {
            Ok(())
        }
    }

    fn most(&self) -> usize {
        let most = usize::try_from(self.endpoint.max_concurrent).unwrap_or(1).max(1);
        standing::room(&self.standing, most)
    }

    /// Takes more, if there is room for it.
    fn read(&mut self) {
        let most = self.most();
        let probing = self.standing.tripped_at.is_some();
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

    fn took(&mut self, taken: Taken) {
        self.reading = false;
        let chains = match taken {
            _ if self.leaving => return,
            Taken::Stale => return self.leave(),
            Taken::Chains(chains) => chains,
        };
        self.pause = match chains.is_empty() {
            false => Duration::ZERO,
            true if self.is_busy() || self.pause.is_zero() => LOOK,
            true => LOOK_LATER,
        };
        let probing = self.standing.tripped_at.is_some();
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
    fn call(&mut self) {
        while self.calling < self.most() && !self.pacing {
            if self.waiting.is_empty() {
                return;
            }
            if let Some(wait) = self.pacer.wait() {
                self.pacing = true;
                let pacing = async move {
                    tokio::time::sleep(wait).await;
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

    fn begin(&mut self, due: Due, rest: Chain) {
        let (parts, place) = (self.parts, self.place);
        self.calling += 1;
        let calling = async move { Step::Called(Box::new(call(parts, place, due).await), rest) };
        self.steps.push(calling.boxed());
    }

    /// Notes how a request ended, has it written, and goes on with its conversation.
    fn conclude(&mut self, called: Called, rest: Chain) {
        self.calling -= 1;
        self.called += 1;
        self.busy_until = Instant::now() + LINGER;
        let (id, outcome) = (called.due.id, called.outcome);
        let meant = if self.standing.tripped_at.is_some() {
            Meant::Probe
        } else {
            Meant::Delivery
        };
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

    /// Takes nothing more and begins nothing more; what is under way comes to its end.
    fn leave(&mut self) {
        self.leaving = true;
        for chain in std::mem::take(&mut self.waiting) {
            self.let_go(&chain);
        }
    }

    fn let_go(&mut self, chain: &Chain) {
        for due in chain {
            self.hand.remove(&due.id);
        }
    }
}
