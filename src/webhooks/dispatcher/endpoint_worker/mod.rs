mod requests;

use std::{collections::VecDeque, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Parts,
    call::Called,
    desk::Written,
    pace::Pacer,
    place::Place,
    serve::Unserved,
    standing::Meant,
    take::{Chain, Hand, Taken},
};
use crate::{
    db::Result,
    domain::DeliveryId,
    shares::Share,
    webhooks::store::endpoints::{self, Endpoint, Rest, Standing},
};

/// How long one run takes things up: there may be more lines than a process serves at a time.
const RUN: Duration = Duration::from_secs(30);
/// How long it goes by what it knows of the endpoint before it looks whether a person changed it.
const WATCH: Duration = Duration::from_secs(1);

/// A run that serves an endpoint.
pub struct Line<'l> {
    parts: &'l Parts,
    endpoint: &'l Endpoint,
    place: &'l Place,
    standing: Standing,
    hand: Hand,
    /// Of what is in hand, what no request was begun for.
    waiting: VecDeque<Chain>,
    steps: FuturesUnordered<BoxFuture<'l, Step>>,
    share: Share,
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
    /// One of its requests succeeded.
    proven: bool,
    /// When it last knew the endpoint to be as it was, and whether it is finding out.
    seen: Instant,
    looking: bool,
    /// A person changed the endpoint: what is known of it holds no longer.
    stale: bool,
    /// Takes nothing more, and begins nothing more.
    leaving: bool,
    left: CancellationToken,
    disabled: bool,
    /// The worst that became of a result.
    written: Written,
}

enum Step {
    Took(Result<Taken>),
    Looked(Result<Option<i64>>),
    Called(Box<Called>, Meant, Chain),
    /// It was still waiting for its turn when the line left.
    NotMade(DeliveryId, Chain),
    Wrote(DeliveryId, Written),
    Paced,
}

impl<'l> Line<'l> {
    pub fn new(parts: &'l Parts, endpoint: &'l Endpoint, place: &'l Place) -> Self {
        Self {
            parts,
            endpoint,
            place,
            standing: endpoint.standing.clone(),
            hand: Hand::new(),
            waiting: VecDeque::new(),
            steps: FuturesUnordered::new(),
            share: parts.permits.of(endpoint.tenant_id),
            calling: 0,
            called: 0,
            reading: false,
            pause: Duration::ZERO,
            pacing: false,
            pacer: Pacer::new(endpoint.rate_limit_per_second),
            begun: Instant::now(),
            busy_until: Instant::now(),
            proven: false,
            seen: Instant::now(),
            looking: false,
            stale: false,
            leaving: false,
            left: CancellationToken::new(),
            disabled: false,
            written: Written::Yes,
        }
    }

    /// Delivers what is due, and tells how long the endpoint is to rest.
    pub async fn serve(mut self) -> std::result::Result<Rest, Unserved> {
        self.work().await?;
        match self.written {
            Written::Yes => {}
            // What is not written is still due. The database had better be let alone for a moment.
            Written::Lost => return Err(Unserved::Database(sqlx::Error::PoolTimedOut)),
            Written::Refused => return Err(Unserved::Unwritable),
        }
        self.pacer.end().await;
        Ok(match self.disabled {
            true => Rest::Disabled,
            false if self.stale => Rest::Until(None),
            false => Rest::Until(self.standing.probe_at),
        })
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
                () = sleep_until(self.seen + WATCH), if !self.leaving && !self.looking => {
                    self.look();
                    continue;
                }
            };
            match step {
                None => return Ok(()),
                Some(Step::Took(taken)) => self.took(taken?),
                Some(Step::Looked(revision)) => self.looked(revision),
                Some(Step::Called(called, meant, rest)) => self.conclude(*called, meant, rest),
                Some(Step::NotMade(id, rest)) => {
                    self.calling -= 1;
                    self.hand.remove(&id);
                    self.let_go(&rest);
                }
                Some(Step::Wrote(id, written)) => {
                    self.hand.remove(&id);
                    if written != Written::Yes {
                        self.written = self.written.max(written);
                        self.leave();
                    }
                }
                Some(Step::Paced) => self.pacing = false,
            }
            self.read();
        }
    }

    /// Looks whether a person changed the endpoint.
    fn look(&mut self) {
        let (db, id) = (&self.parts.subscriptions.db, self.endpoint.id);
        self.looking = true;
        let looking = async move { Step::Looked(endpoints::revision(db.reader(), id).await) };
        self.steps.push(looking.boxed());
    }

    fn looked(&mut self, revision: Result<Option<i64>>) {
        self.looking = false;
        self.seen = Instant::now();
        // Whoever cannot find out now finds out the next time.
        if revision.is_ok_and(|revision| revision != Some(self.endpoint.revision)) {
            self.stale = true;
            self.leave();
        }
    }

    /// Takes nothing more and begins nothing more, also not what waits for its turn; what is under way comes to its end.
    fn leave(&mut self) {
        self.leaving = true;
        self.left.cancel();
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
