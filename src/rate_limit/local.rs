use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    Limit, Number,
    book::Book,
    driver::{News, Recipient, Verdict, Verdicts, Want},
    gate::Gate,
    pair::Pair,
    terms::Pace,
};
use crate::domain::{ChannelId, TenantId};

/// The driver of a process that is alone. A process that begins knows of nothing and need not be careful as a Redis that forgot:
/// the slots that were given before died with those they were given to.
#[derive(Default)]
pub(super) struct Local(Mutex<Books>);

#[derive(Default)]
struct Books {
    numbers: HashMap<ChannelId, Book>,
    tenants: HashMap<TenantId, Quota>,
    pairs: HashMap<(ChannelId, Recipient), Pair>,
    /// When the pairs have become so many, those that ended are forgotten.
    sweep_at: usize,
}

/// What is known of one tenant.
#[derive(Default)]
struct Quota {
    gate: Gate,
    /// Of the quota of those who asked last.
    interval: i64,
}

impl Quota {
    /// Takes note of the quota. What was promised under a smaller one would leave a part of it idle; whoever changes it makes those
    /// who wait ask anew.
    fn notice(&mut self, quota: Pace) -> &mut Gate {
        if quota.interval < self.interval {
            self.gate.forget_queues();
        }
        self.interval = quota.interval;
        &mut self.gate
    }
}

/// Fewer pairs are not worth a sweep.
const FEW: usize = 1_024;

impl Local {
    pub fn reserve(&self, number: &Number, now: i64, wants: &[Want]) -> Verdicts {
        let mut books = self.lock();
        books.sweep(now);
        let Books {
            numbers,
            tenants,
            pairs,
            ..
        } = &mut *books;
        let book = numbers.entry(number.channel).or_default();
        let quota = number.terms.quota();
        let tenant = quota.map(|quota| (tenants.entry(number.tenant).or_default().notice(quota), quota));
        let mut room = Room::enter(book, tenant, number.terms.pace(), now);
        let each = wants.iter().map(|want| {
            let pair = pairs.entry((number.channel, want.recipient)).or_default();
            room.decide(want, pair)
        });
        let each = each.collect();
        let change = book.tell(now);
        Verdicts { each, change }
    }

    pub fn receive(&self, number: &Number, now: i64, count: u32) {
        let pace = number.terms.pace();
        self.with(number, |book| {
            let interval = pace.slowed(book.factor(now));
            book.gate.receive(now, pace, interval, i64::from(count));
        });
    }

    pub fn hear(&self, number: &Number, now: i64, news: News) {
        let mut books = self.lock();
        let book = books.numbers.entry(number.channel).or_default();
        let pace = number.terms.pace();
        match news {
            News::Throttled => book.throttled(now, pace),
            News::Maintenance => book.rest(now, pace),
            News::Refused(recipient) => {
                let pair = books.pairs.entry((number.channel, recipient)).or_default();
                pair.refused(now);
            }
            News::Accepted(recipient) => {
                if let Some(pair) = books.pairs.get_mut(&(number.channel, recipient)) {
                    pair.strikes = 0;
                }
            }
        }
    }

    pub fn requeue(&self, number: &Number, now: i64) {
        self.with(number, |book| book.requeue(now));
    }

    pub fn applied(&self, number: &Number, change: i64) {
        self.with(number, |book| book.applied(change));
    }

    pub fn book(&self, number: &Number) -> Book {
        self.with(number, |book| book.clone())
    }

    fn with<T>(&self, number: &Number, run: impl FnOnce(&mut Book) -> T) -> T {
        run(self.lock().numbers.entry(number.channel).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn pairs(&self) -> usize {
        self.lock().pairs.len()
    }
}

impl Books {
    fn sweep(&mut self, now: i64) {
        if self.pairs.len() >= self.sweep_at.max(FEW) {
            self.pairs.retain(|_, pair| pair.ends() > now);
            self.sweep_at = 2 * self.pairs.len();
        }
    }
}

/// A number at one moment, while asks are decided over.
struct Room<'b> {
    now: i64,
    book: &'b mut Book,
    pace: Pace,
    /// Of the rate in use.
    interval: i64,
    tenant: Option<(&'b mut Gate, Pace)>,
}

impl<'b> Room<'b> {
    fn enter(book: &'b mut Book, mut tenant: Option<(&'b mut Gate, Pace)>, pace: Pace, now: i64) -> Self {
        book.notice_rate(now, pace);
        book.gate.notice_idleness(now);
        if let Some((gate, _)) = &mut tenant {
            gate.notice_idleness(now);
        }
        Self {
            now,
            interval: pace.slowed(book.factor(now)),
            book,
            pace,
            tenant,
        }
    }

    /// A slot is given when the number, the tenant and the pair have room; none of them is used up otherwise.
    fn decide(&mut self, want: &Want, pair: &mut Pair) -> Verdict {
        let (now, pace, lane, promised) = (self.now, self.pace, want.lane, want.promised);
        let gate = &mut self.book.gate;
        let Some(at) = gate.slot(now, pace, lane, promised) else {
            let at = gate.promise(now, pace, lane, promised);
            let paused = self.book.paused > now;
            let because = if paused { Limit::Paused } else { Limit::Throughput };
            return Verdict::Later { at, because };
        };
        if let Some((tenant, quota)) = &mut self.tenant
            && tenant.slot(now, *quota, lane, promised).is_none()
        {
            let at = tenant.promise(now, *quota, lane, promised);
            let because = Limit::Tenant;
            return Verdict::Later { at, because };
        }
        if !pair.allows(at, now, promised) {
            let at = pair.promise();
            let because = Limit::Pair;
            return Verdict::Later { at, because };
        }
        gate.take(now, pace, self.interval, lane);
        if let Some((tenant, quota)) = &mut self.tenant {
            tenant.take(now, *quota, quota.interval, lane);
        }
        pair.take(at, now);
        let trial = pair.strikes > 0;
        Verdict::Slot { at, trial }
    }
}
