//! The handle that requests slots and reports feedback.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use sha2::{Digest, Sha256};

use super::{
    Error, Grant, LimitKind, LimitedNumber, MetaFeedback, RateChange, SlotRequest, View,
    driver::{CHUNK, DriverRequest, LimiterDriver, LimiterFeedback, RecipientDigest, SlotDecision},
    limits::GcraRate,
    rate_changes::PendingChanges,
    time,
};
use mainstay_core::{clock::Clock, domain::ChannelId};

/// Maximum number of pairs on trial. When exceeded, the set is cleared; a success of these then does not clear their strikes.
const MAX_TRIALS: usize = 10_000;

/// Grants slots to send. Clones share one state. The module describes the rules.
#[derive(Clone)]
pub struct RateLimiter(Arc<LimiterState>);

struct LimiterState {
    driver: LimiterDriver,
    clock: Clock,
    changes: PendingChanges,
    /// Messages in flight to recipients that Meta lately refused with 131056: their success must be recorded.
    trials: Mutex<HashSet<(ChannelId, RecipientDigest)>>,
}

impl RateLimiter {
    /// Creates a limiter in memory, for a single process.
    pub fn in_memory(clock: Clock) -> Self {
        Self::of(LimiterDriver::in_memory(), clock)
    }

    /// Creates a limiter on Redis, with keys that begin `{prefix:rate_limit:`. Connects lazily and reconnects as needed, so only a malformed
    /// address fails. Must be called within the Tokio runtime.
    pub fn redis(url: &str, prefix: &str, clock: Clock) -> Result<Self, Error> {
        Ok(Self::of(LimiterDriver::redis(url, prefix)?, clock))
    }

    fn of(driver: LimiterDriver, clock: Clock) -> Self {
        Self(Arc::new(LimiterState {
            driver,
            clock,
            changes: PendingChanges::default(),
            trials: Mutex::default(),
        }))
    }

    /// Decides on each request, in their order but replies first: one script call per number and 500 requests. Returns within about a
    /// second in any case; after an error nothing may be sent.
    pub async fn reserve(&self, requests: &[SlotRequest]) -> Result<Vec<Grant>, Error> {
        let begun = self.0.clock.now();
        let mut by_number: HashMap<ChannelId, Vec<usize>> = HashMap::new();
        for (n, request) in requests.iter().enumerate() {
            by_number.entry(request.number.channel).or_default().push(n);
        }
        let mut groups: Vec<Vec<usize>> = by_number.into_values().collect();
        for group in &mut groups {
            group.sort_by_key(|n| requests[*n].lane);
        }
        let chunks = groups.iter().flat_map(|group| group.chunks(CHUNK));
        let decided = try_join_all(chunks.map(|chunk| self.decide(requests, chunk, begun))).await?;
        let mut grants: Vec<(usize, Grant)> = decided.into_iter().flatten().collect();
        grants.sort_unstable_by_key(|(n, _)| *n);
        let elapsed = (self.0.clock.now() - begun).to_std().unwrap_or(Duration::ZERO);
        metrics::histogram!("mainstay_rate_limit_reserve_seconds").record(elapsed.as_secs_f64());
        Ok(grants
            .into_iter()
            .map(|(n, grant)| count_grant(&requests[n], grant))
            .collect())
    }

    /// Counts messages received by this number, which Meta counts against its rate.
    pub async fn received(&self, number: &LimitedNumber, count: u32) -> Result<(), Error> {
        self.0.driver.receive(number, self.now(), count).await
    }

    /// Records Meta's response to a message. For an accepted one this costs no call, unless its recipient was refused before.
    pub async fn record_feedback(&self, number: &LimitedNumber, to: &str, feedback: MetaFeedback) -> Result<(), Error> {
        let recipient = digest(to);
        let on_trial = self.trials().remove(&(number.channel, recipient));
        let (feedback, limit) = match feedback {
            MetaFeedback::Accepted if !on_trial => return Ok(()),
            MetaFeedback::Accepted => (LimiterFeedback::Accepted(recipient), None),
            MetaFeedback::Pair => (LimiterFeedback::Refused(recipient), Some(LimitKind::Pair)),
            MetaFeedback::Throughput => (LimiterFeedback::Throttled, Some(LimitKind::Throughput)),
            MetaFeedback::Maintenance => (LimiterFeedback::Maintenance, Some(LimitKind::Paused)),
        };
        if let Some(limit) = limit {
            metrics::counter!("mainstay_rate_limit_refusals_total", "limit" => limit.as_str()).increment(1);
        }
        self.0.driver.record_feedback(number, self.now(), feedback).await
    }

    /// Returns the state of a number.
    pub async fn view(&self, number: &LimitedNumber) -> Result<View, Error> {
        let state = self.0.driver.number_state(number).await?;
        Ok(View::of(&state, number, self.now()))
    }

    /// Clears the reservations of this number, because many of them will not be used (a campaign was stopped). The others are requested
    /// again after [`next_change`](Self::next_change).
    pub async fn clear_reservations(&self, number: &LimitedNumber) -> Result<(), Error> {
        self.0.driver.clear_reservations(number, self.now()).await
    }

    /// Waits for a number whose reservations became void, as found by [`reserve`](Self::reserve) in this process. The caller makes their
    /// rows due at once, without a reservation, and then calls [`mark_applied`](Self::mark_applied). Until then some process gets the
    /// change again every five seconds.
    pub async fn next_change(&self) -> RateChange {
        self.0.changes.next().await
    }

    /// Marks a change as applied: the rows reserved before it are due.
    pub async fn mark_applied(&self, change: &RateChange) -> Result<(), Error> {
        let at = change.at.timestamp_micros();
        self.0.driver.mark_applied(&change.number, at).await
    }

    async fn decide(
        &self,
        requests: &[SlotRequest],
        chunk: &[usize],
        begun: DateTime<Utc>,
    ) -> Result<Vec<(usize, Grant)>, Error> {
        let number = requests[chunk[0]].number;
        let request = |n: &usize| DriverRequest {
            recipient: digest(&requests[*n].recipient),
            lane: requests[*n].lane,
            has_reservation: requests[*n].has_reservation,
        };
        let requests: Vec<DriverRequest> = chunk.iter().map(request).collect();
        let driver = &self.0.driver;
        let decisions = driver.reserve(&number, begun.timestamp_micros(), &requests).await?;
        if let Some(at) = decisions.change {
            let at = time(at);
            self.0.changes.put(RateChange { number, at });
        }
        let mut late_slots = LateSlots::new(self.now(), number.limits.rate());
        let decided = decisions.each.into_iter().zip(&requests).zip(chunk);
        let grant = |((decision, request), n): ((SlotDecision, &DriverRequest), &usize)| {
            let grant = match decision {
                SlotDecision::Later { at, limit } => Grant::Later { at: time(at), limit },
                SlotDecision::Slot { at, trial } => {
                    if trial {
                        self.add_trial(number.channel, request.recipient);
                    }
                    late_slots.check(at)
                }
            };
            (*n, grant)
        };
        Ok(decided.map(grant).collect())
    }

    fn add_trial(&self, channel: ChannelId, recipient: RecipientDigest) {
        let mut trials = self.trials();
        if trials.len() >= MAX_TRIALS {
            trials.clear();
        }
        trials.insert((channel, recipient));
    }

    fn trials(&self) -> MutexGuard<'_, HashSet<(ChannelId, RecipientDigest)>> {
        self.0.trials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.0.clock.now().timestamp_micros()
    }
}

/// Limits the use of slots that passed while the reply was delayed: using all of them at once would be a second burst. One burst of them is
/// used, the others are requested again.
struct LateSlots {
    now: i64,
    left: i64,
}

impl LateSlots {
    fn new(now: i64, rate: GcraRate) -> Self {
        let left = rate.slack / rate.interval + 1;
        Self { now, left }
    }

    fn check(&mut self, at: i64) -> Grant {
        if at >= self.now - GcraRate::BURST {
            return Grant::Slot(time(at));
        }
        self.left -= 1;
        if self.left >= 0 {
            return Grant::Slot(time(at));
        }
        metrics::counter!("mainstay_rate_limit_slots_missed_total").increment(1);
        Grant::Later {
            at: time(self.now),
            limit: LimitKind::Throughput,
        }
    }
}

fn count_grant(request: &SlotRequest, grant: Grant) -> Grant {
    match grant {
        Grant::Slot(_) => metrics::counter!("mainstay_rate_limit_slots_total", "lane" => request.lane.as_str()),
        Grant::Later { limit, .. } => {
            metrics::counter!("mainstay_rate_limit_waits_total", "limit" => limit.as_str())
        }
    }
    .increment(1);
    grant
}

/// Hashes the recipient, so that no phone numbers are stored in Redis.
fn digest(recipient: &str) -> RecipientDigest {
    let digest: [u8; 32] = Sha256::digest(recipient.as_bytes()).into();
    std::array::from_fn(|n| digest[n])
}
