use crate::{
    domain::{ChannelId, Id, SendLane, TenantId},
    queue::tests::servers,
    rate_limit::{
        Limit, Number, Terms,
        driver::{Driver, News, Recipient, Verdict, Verdicts, Want},
        terms::Pace,
    },
};

pub const MS: i64 = 1_000;
pub const SECOND: i64 = 1_000_000;
const BEGIN: i64 = 1_790_000_000 * SECOND;

/// A driver, a number it has known for a while, and a time that only the test moves.
pub struct Stage {
    pub driver: Driver,
    pub number: Number,
    pub now: i64,
    strangers: u128,
}

pub fn number(terms: Terms) -> Number {
    let id = || uuid::Uuid::from_u128(rand::random());
    Number {
        tenant: TenantId::from_uuid(id()),
        channel: ChannelId::from_uuid(id()),
        terms,
    }
}

pub fn redis(url: &str) -> Driver {
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    Driver::redis(url, &prefix).expect("a URL of Redis")
}

impl Stage {
    pub async fn local() -> Self {
        Self::of(Driver::local(), Terms::STANDARD).await
    }

    pub async fn redis() -> Self {
        Self::of(redis(&servers::redis_url()), Terms::STANDARD).await
    }

    pub async fn of(driver: Driver, terms: Terms) -> Self {
        let stage = Self {
            driver,
            number: number(terms),
            now: BEGIN,
            strangers: 0,
        };
        stage.know(&stage.number).await;
        stage.after(10 * SECOND)
    }

    /// Makes the number one that has been idle for long, when the time has moved on.
    pub async fn know(&self, number: &Number) {
        let known = self.driver.receive(number, self.now, 0).await;
        known.expect("the driver answers");
    }

    pub fn at(self, terms: Terms) -> Self {
        let number = Number { terms, ..self.number };
        Self { number, ..self }
    }

    pub fn after(self, time: i64) -> Self {
        let now = self.now + time;
        Self { now, ..self }
    }

    pub fn pace(&self) -> Pace {
        self.number.terms.pace()
    }

    /// Somebody who was never written to.
    pub fn stranger(&mut self) -> Recipient {
        self.strangers += 1;
        self.strangers.to_be_bytes()
    }

    pub async fn decide(&self, wants: &[Want]) -> Verdicts {
        self.decide_for(&self.number, wants).await
    }

    pub async fn decide_for(&self, number: &Number, wants: &[Want]) -> Verdicts {
        let verdicts = self.driver.reserve(number, self.now, wants).await;
        verdicts.expect("the driver answers")
    }

    /// Newcomers of one lane, each to another recipient.
    pub async fn ask(&mut self, lane: SendLane, count: usize) -> Vec<Verdict> {
        let wants: Vec<Want> = (0..count).map(|_| want(self.stranger(), lane, false)).collect();
        let mut each = Vec::new();
        for wants in wants.chunks(100) {
            each.extend(self.decide(wants).await.each);
        }
        each
    }

    pub async fn ask_one(&mut self, lane: SendLane) -> Verdict {
        self.ask(lane, 1).await[0]
    }

    pub async fn hear(&self, news: News) {
        let heard = self.driver.hear(&self.number, self.now, news).await;
        heard.expect("the driver answers");
    }

    pub async fn receive(&self, count: u32) {
        let received = self.driver.receive(&self.number, self.now, count).await;
        received.expect("the driver answers");
    }

    /// In thousandths.
    pub async fn factor(&self) -> i64 {
        let book = self.driver.book(&self.number).await;
        book.expect("the driver answers").factor(self.now)
    }
}

pub fn want(recipient: Recipient, lane: SendLane, promised: bool) -> Want {
    Want {
        recipient,
        lane,
        promised,
    }
}

pub fn slot(verdict: &Verdict) -> Option<i64> {
    match verdict {
        Verdict::Slot { at, .. } => Some(*at),
        Verdict::Later { .. } => None,
    }
}

pub fn slots(verdicts: &[Verdict]) -> Vec<i64> {
    verdicts.iter().filter_map(slot).collect()
}

/// The times of those who wait, all for the same limit.
pub fn waits(verdicts: &[Verdict], limit: Limit) -> Vec<i64> {
    let later = |verdict: &Verdict| match verdict {
        Verdict::Slot { .. } => None,
        Verdict::Later { at, because } => {
            assert_eq!(*because, limit);
            Some(*at)
        }
    };
    verdicts.iter().filter_map(later).collect()
}

/// Fails unless in every interval lie at most its length × rate + burst of these times.
pub fn assert_even(times: &mut [i64], pace: Pace) {
    if let Some(excess) = worst_excess(times, pace) {
        panic!("{excess} µs too early at {pace:?}");
    }
}

/// By how much a time lies before its turn, at worst.
pub fn worst_excess(times: &mut [i64], pace: Pace) -> Option<i64> {
    times.sort_unstable();
    let (mut tat, mut worst) = (i64::MIN / 2, 0);
    for at in times {
        worst = worst.max(tat - pace.slack - *at);
        tat = tat.max(*at) + pace.interval;
    }
    (worst > 0).then_some(worst)
}
