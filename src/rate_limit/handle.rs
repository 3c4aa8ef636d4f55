use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use sha2::{Digest, Sha256};

use super::{
    Answer, Ask, Error, Grant, Limit, Number, RateChange, View,
    changes::Changes,
    driver::{CHUNK, Driver, News, Recipient, Verdict, Want},
    terms::Pace,
    time,
};
use crate::{clock::Clock, domain::ChannelId};

/// Pairs on trial that are remembered; when there are more, they are forgotten, and a success does not clear them.
const TRIALS: usize = 10_000;

/// Who may send when. Clones share one memory; the module says by which rules.
#[derive(Clone)]
pub struct RateLimiter(Arc<Parts>);

struct Parts {
    driver: Driver,
    clock: Clock,
    changes: Changes,
    /// Messages on their way to somebody of whom Meta lately said 131056: their success matters.
    trials: Mutex<HashSet<(ChannelId, Recipient)>>,
}

impl RateLimiter {
    /// In this process, for a process that is alone.
    pub fn local(clock: Clock) -> Self {
        Self::of(Driver::local(), clock)
    }

    /// On Redis, under keys that begin `{prefix:governor:`. Connects when first used and again whenever needed, so only a malformed
    /// address fails. To be called within the runtime.
    pub fn redis(url: &str, prefix: &str, clock: Clock) -> Result<Self, Error> {
        Ok(Self::of(Driver::redis(url, prefix)?, clock))
    }

    fn of(driver: Driver, clock: Clock) -> Self {
        Self(Arc::new(Parts {
            driver,
            clock,
            changes: Changes::default(),
            trials: Mutex::default(),
        }))
    }

    /// Decides over each ask, in their order: one script call per number and 500 asks. Replies are looked at first. Returns within
    /// about a second whatever happens; after an error nobody may send.
    pub async fn reserve(&self, asks: &[Ask]) -> Result<Vec<Grant>, Error> {
        let begun = self.0.clock.now();
        let mut by_number: HashMap<ChannelId, Vec<usize>> = HashMap::new();
        for (n, ask) in asks.iter().enumerate() {
            by_number.entry(ask.number.channel).or_default().push(n);
        }
        let mut groups: Vec<Vec<usize>> = by_number.into_values().collect();
        for group in &mut groups {
            group.sort_by_key(|n| asks[*n].lane);
        }
        let chunks = groups.iter().flat_map(|group| group.chunks(CHUNK));
        let decided = try_join_all(chunks.map(|chunk| self.decide(asks, chunk, begun))).await?;
        let mut grants: Vec<(usize, Grant)> = decided.into_iter().flatten().collect();
        grants.sort_unstable_by_key(|(n, _)| *n);
        let elapsed = (self.0.clock.now() - begun).to_std().unwrap_or(Duration::ZERO);
        metrics::histogram!("mainstay_governor_reserve_seconds").record(elapsed.as_secs_f64());
        Ok(grants.into_iter().map(|(n, grant)| count(&asks[n], grant)).collect())
    }

    /// Messages that this number received and Meta counts against its rate.
    pub async fn received(&self, number: &Number, count: u32) -> Result<(), Error> {
        self.0.driver.receive(number, self.now(), count).await
    }

    /// What Meta said to a message. For one that was accepted this costs no call, unless its recipient was refused before.
    pub async fn answered(&self, number: &Number, to: &str, answer: Answer) -> Result<(), Error> {
        let recipient = digest(to);
        let on_trial = self.trials().remove(&(number.channel, recipient));
        let (news, limit) = match answer {
            Answer::Accepted if !on_trial => return Ok(()),
            Answer::Accepted => (News::Accepted(recipient), None),
            Answer::Pair => (News::Refused(recipient), Some(Limit::Pair)),
            Answer::Throughput => (News::Throttled, Some(Limit::Throughput)),
            Answer::Maintenance => (News::Maintenance, Some(Limit::Paused)),
        };
        if let Some(limit) = limit {
            metrics::counter!("mainstay_governor_refusals_total", "limit" => limit.as_str()).increment(1);
            tracing::warn!(channel.id = %number.channel, limit = limit.as_str(), "Meta refused a message because of a limit");
        }
        self.0.driver.hear(number, self.now(), news).await
    }

    /// How the number stands.
    pub async fn view(&self, number: &Number) -> Result<View, Error> {
        let book = self.0.driver.book(number).await?;
        Ok(View::of(&book, number, self.now()))
    }

    /// Forgets who waits for this number, because many of them will not come (a campaign was stopped). Those left are told by
    /// [`changed`](Self::changed) to come again.
    pub async fn requeue(&self, number: &Number) -> Result<(), Error> {
        self.0.driver.requeue(number, self.now()).await
    }

    /// Waits for a number whose promises hold no longer, as found by the calls of [`reserve`](Self::reserve) in this process. Its
    /// promised rows are to be made due at once, as if they had never been promised; then [`applied`](Self::applied) is to be
    /// called. Until it is, some process is told again every five seconds.
    pub async fn changed(&self) -> RateChange {
        self.0.changes.next().await
    }

    /// The rows that were promised before this change are due.
    pub async fn applied(&self, change: &RateChange) -> Result<(), Error> {
        let at = change.at.timestamp_micros();
        self.0.driver.applied(&change.number, at).await
    }

    async fn decide(&self, asks: &[Ask], chunk: &[usize], begun: DateTime<Utc>) -> Result<Vec<(usize, Grant)>, Error> {
        let number = asks[chunk[0]].number;
        let want = |n: &usize| Want {
            recipient: digest(&asks[*n].recipient),
            lane: asks[*n].lane,
            promised: asks[*n].promised,
        };
        let wants: Vec<Want> = chunk.iter().map(want).collect();
        let driver = &self.0.driver;
        let verdicts = driver.reserve(&number, begun.timestamp_micros(), &wants).await?;
        if let Some(at) = verdicts.change {
            let at = time(at);
            self.0.changes.put(RateChange { number, at });
        }
        let mut belated = Belated::new(self.now(), number.terms.pace());
        let decided = verdicts.each.into_iter().zip(&wants).zip(chunk);
        let grant = |((verdict, want), n): ((Verdict, &Want), &usize)| {
            let grant = match verdict {
                Verdict::Later { at, because } => Grant::Later { at: time(at), because },
                Verdict::Slot { at, trial } => {
                    if trial {
                        self.on_trial(number.channel, want.recipient);
                    }
                    belated.check(at)
                }
            };
            (*n, grant)
        };
        Ok(decided.map(grant).collect())
    }

    fn on_trial(&self, channel: ChannelId, recipient: Recipient) {
        let mut trials = self.trials();
        if trials.len() >= TRIALS {
            trials.clear();
        }
        trials.insert((channel, recipient));
    }

    fn trials(&self) -> MutexGuard<'_, HashSet<(ChannelId, Recipient)>> {
        self.0.trials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.0.clock.now().timestamp_micros()
    }
}

/// When an answer was on its way for long, slots have passed meanwhile. To use them all at once would be a second burst: one burst
/// of them is used, and the rest asked for again.
struct Belated {
    now: i64,
    left: i64,
}

impl Belated {
    fn new(now: i64, pace: Pace) -> Self {
        let left = pace.slack / pace.interval + 1;
        Self { now, left }
    }

    fn check(&mut self, at: i64) -> Grant {
        if at >= self.now - Pace::BURST {
            return Grant::Slot(time(at));
        }
        self.left -= 1;
        if self.left >= 0 {
            return Grant::Slot(time(at));
        }
        metrics::counter!("mainstay_governor_slots_missed_total").increment(1);
        Grant::Later {
            at: time(self.now),
            because: Limit::Throughput,
        }
    }
}

fn count(ask: &Ask, grant: Grant) -> Grant {
    match grant {
        Grant::Slot(_) => metrics::counter!("mainstay_governor_slots_total", "lane" => ask.lane.as_str()),
        Grant::Later { because, .. } => {
            metrics::counter!("mainstay_governor_waits_total", "limit" => because.as_str())
        }
    }
    .increment(1);
    grant
}

/// Phone numbers stay out of Redis.
fn digest(recipient: &str) -> Recipient {
    let digest: [u8; 32] = Sha256::digest(recipient.as_bytes()).into();
    std::array::from_fn(|n| digest[n])
}
