//! The limiter's state in Redis.

use std::{collections::HashMap, sync::Arc};

use redis::ScriptInvocation;

use super::{
    Error, LimitKind, LimitedNumber,
    driver::{DriverRequest, LimiterFeedback, RecipientDigest, SlotDecision, SlotDecisions},
    gcra::GcraGate,
    limits::GcraRate,
    number_state::NumberState,
    scripts,
};
use mainstay_core::domain::Id;
use mainstay_queue::RedisConnection;

/// A driver shared by several processes. The keys of a tenant have one hash tag, `{prefix:rate_limit:tenant}`, and so one cluster slot:
/// `:quota` and `:channel` (hashes), `:channel:recipient` (text). Those of a number and of a tenant expire 30 days after their last use,
/// that of a pair when it has no effect any more.
pub(super) struct RedisLimiter {
    connection: RedisConnection,
    prefix: Arc<str>,
}

impl RedisLimiter {
    pub fn new(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(Self {
            connection: RedisConnection::open(url, "rate limits: Redis")?,
            prefix: prefix.into(),
        })
    }

    pub async fn reserve(
        &self,
        number: &LimitedNumber,
        now: i64,
        requests: &[DriverRequest],
    ) -> Result<SlotDecisions, Error> {
        if requests.is_empty() {
            return Ok(SlotDecisions::default());
        }
        self.connection.fail_fast()?;
        let (rate, quota) = (number.limits.rate(), number.limits.quota());
        let GcraRate { interval, slack } = quota.unwrap_or(GcraRate { interval: 0, slack: 0 });
        let mut script = scripts::RESERVE.prepare_invoke();
        script
            .key(self.number(number))
            .key(format!("{}:quota", self.tag(number)));
        script
            .arg(now)
            .arg(rate.interval)
            .arg(rate.slack)
            .arg(interval)
            .arg(slack);
        for request in requests {
            script.key(self.pair(number, &request.recipient));
            script.arg(request.lane.number() + if request.has_reservation { 3 } else { 0 });
        }
        let reply: Vec<i64> = self.connection.invoke(&script).await?;
        let (change, each) = reply.split_first().unwrap_or((&0, &[]));
        Ok(SlotDecisions {
            each: each.chunks_exact(2).map(|one| decision(one[0], one[1])).collect(),
            change: (*change > 0).then_some(*change),
        })
    }

    pub async fn receive(&self, number: &LimitedNumber, now: i64, count: u32) -> Result<(), Error> {
        let mut script = scripts::RECEIVE.prepare_invoke();
        self.add_number(&mut script, number, now).arg(count);
        Ok(self.connection.invoke(&script).await?)
    }

    pub async fn record_feedback(
        &self,
        number: &LimitedNumber,
        now: i64,
        feedback: LimiterFeedback,
    ) -> Result<(), Error> {
        let mut script = scripts::FEEDBACK.prepare_invoke();
        self.add_number(&mut script, number, now);
        let (what, recipient) = match feedback {
            LimiterFeedback::Accepted(recipient) => ("accepted", Some(recipient)),
            LimiterFeedback::Refused(recipient) => ("refused", Some(recipient)),
            LimiterFeedback::Throttled => ("throttled", None),
            LimiterFeedback::Maintenance => ("maintenance", None),
        };
        script.arg(what);
        if let Some(recipient) = recipient {
            script.key(self.pair(number, &recipient));
        }
        Ok(self.connection.invoke(&script).await?)
    }

    pub async fn clear_reservations(&self, number: &LimitedNumber, now: i64) -> Result<(), Error> {
        let mut script = scripts::CLEAR_RESERVATIONS.prepare_invoke();
        self.add_number(&mut script, number, now);
        Ok(self.connection.invoke(&script).await?)
    }

    pub async fn mark_applied(&self, number: &LimitedNumber, change: i64) -> Result<(), Error> {
        let mut script = scripts::MARK_APPLIED.prepare_invoke();
        script.key(self.number(number)).arg(change);
        Ok(self.connection.invoke(&script).await?)
    }

    pub async fn number_state(&self, number: &LimitedNumber) -> Result<NumberState, Error> {
        let mut pipe = redis::pipe();
        pipe.hgetall(self.number(number));
        let (fields,): (HashMap<String, i64>,) = self.connection.query(&pipe).await?;
        let field = |name: &str| fields.get(name).copied().unwrap_or(0);
        let lanes = |name: &str| [0, 1, 2].map(|lane| field(&format!("{name}{lane}")));
        Ok(NumberState {
            gate: GcraGate {
                tat: field("tat"),
                tail: lanes("tail"),
                retry_tail: lanes("again"),
                owed: lanes("owed"),
            },
            interval: field("interval"),
            reduction: field("loss"),
            lowered_at: field("lowered"),
            paused_until: field("paused"),
            change: field("change"),
            notified: field("notified"),
        })
    }

    fn add_number<'a, 'b>(
        &self,
        script: &'b mut ScriptInvocation<'a>,
        number: &LimitedNumber,
        now: i64,
    ) -> &'b mut ScriptInvocation<'a> {
        let rate = number.limits.rate();
        script
            .key(self.number(number))
            .arg(now)
            .arg(rate.interval)
            .arg(rate.slack)
    }

    fn tag(&self, number: &LimitedNumber) -> String {
        format!("{{{}:rate_limit:{}}}", self.prefix, number.tenant.uuid().simple())
    }

    fn number(&self, number: &LimitedNumber) -> String {
        format!("{}:{}", self.tag(number), number.channel.uuid().simple())
    }

    fn pair(&self, number: &LimitedNumber, recipient: &RecipientDigest) -> String {
        format!("{}:{}", self.number(number), hex::encode(recipient))
    }
}

fn decision(kind: i64, at: i64) -> SlotDecision {
    let later = |limit| SlotDecision::Later { at, limit };
    match kind {
        0 => SlotDecision::Slot { at, trial: false },
        1 => SlotDecision::Slot { at, trial: true },
        3 => later(LimitKind::Paused),
        4 => later(LimitKind::Pair),
        5 => later(LimitKind::Tenant),
        _ => later(LimitKind::Throughput),
    }
}
