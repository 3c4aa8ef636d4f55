use std::{collections::HashMap, sync::Arc};

use redis::ScriptInvocation;

use super::{
    Error, Limit, Number,
    book::Book,
    driver::{News, Recipient, Verdict, Verdicts, Want},
    gate::Gate,
    scripts,
    terms::Pace,
};
use crate::{domain::Id, queue::RedisConnection};

/// The driver that several processes share. The keys of a tenant have one hash tag, `{prefix:governor:tenant}`, and so one slot of
/// a cluster: `:quota` and `:channel` (hashes), `:channel:recipient` (text). Those of a number and of a tenant are kept for 30 days
/// after they were used, that of a pair until it says nothing any more.
pub(super) struct Redis {
    link: Link,
    prefix: Arc<str>,
}

impl Redis {
    pub fn new(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(Self {
            link: RedisConnection::open(url, "governor: Redis")?,
            prefix: prefix.into(),
        })
    }

    pub async fn reserve(&self, number: &Number, now: i64, wants: &[Want]) -> Result<Verdicts, Error> {
        if wants.is_empty() {
            return Ok(Verdicts::default());
        }
        self.link.admits()?;
        let (pace, quota) = (number.terms.pace(), number.terms.quota());
        let Pace { interval, slack } = quota.unwrap_or(Pace { interval: 0, slack: 0 });
        let mut call = scripts::RESERVE.prepare_invoke();
        call.key(self.number(number)).key(format!("{}:quota", self.tag(number)));
        call.arg(now)
            .arg(pace.interval)
            .arg(pace.slack)
            .arg(interval)
            .arg(slack);
        for want in wants {
            call.key(self.pair(number, &want.recipient));
            call.arg(want.lane.number() + if want.promised { 3 } else { 0 });
        }
        let reply: Vec<i64> = self.link.call(&call).await?;
        let (change, each) = reply.split_first().unwrap_or((&0, &[]));
        Ok(Verdicts {
            each: each.chunks_exact(2).map(|one| verdict(one[0], one[1])).collect(),
            change: (*change > 0).then_some(*change),
        })
    }

    pub async fn receive(&self, number: &Number, now: i64, count: u32) -> Result<(), Error> {
        let mut call = scripts::RECEIVE.prepare_invoke();
        self.about(&mut call, number, now).arg(count);
        Ok(self.link.call(&call).await?)
    }

    pub async fn hear(&self, number: &Number, now: i64, news: News) -> Result<(), Error> {
        let mut call = scripts::HEAR.prepare_invoke();
        self.about(&mut call, number, now);
        let (what, recipient) = match news {
            News::Accepted(recipient) => ("accepted", Some(recipient)),
            News::Refused(recipient) => ("refused", Some(recipient)),
            News::Throttled => ("throttled", None),
            News::Maintenance => ("maintenance", None),
        };
        call.arg(what);
        if let Some(recipient) = recipient {
            call.key(self.pair(number, &recipient));
        }
        Ok(self.link.call(&call).await?)
    }

    pub async fn requeue(&self, number: &Number, now: i64) -> Result<(), Error> {
        let mut call = scripts::REQUEUE.prepare_invoke();
        self.about(&mut call, number, now);
        Ok(self.link.call(&call).await?)
    }

    pub async fn applied(&self, number: &Number, change: i64) -> Result<(), Error> {
        let mut call = scripts::APPLIED.prepare_invoke();
        call.key(self.number(number)).arg(change);
        Ok(self.link.call(&call).await?)
    }

    pub async fn book(&self, number: &Number) -> Result<Book, Error> {
        let mut pipe = redis::pipe();
        pipe.hgetall(self.number(number));
        let (fields,): (HashMap<String, i64>,) = self.link.query(&pipe).await?;
        let field = |name: &str| fields.get(name).copied().unwrap_or(0);
        let lanes = |name: &str| [0, 1, 2].map(|lane| field(&format!("{name}{lane}")));
        Ok(Book {
            gate: Gate {
                tat: field("tat"),
                tail: lanes("tail"),
                again: lanes("again"),
                owed: lanes("owed"),
            },
            interval: field("interval"),
            loss: field("loss"),
            lowered: field("lowered"),
            paused: field("paused"),
            change: field("change"),
            told: field("told"),
        })
    }

    fn about<'a, 'b>(
        &self,
        call: &'b mut ScriptInvocation<'a>,
        number: &Number,
        now: i64,
    ) -> &'b mut ScriptInvocation<'a> {
        let pace = number.terms.pace();
        call.key(self.number(number))
            .arg(now)
            .arg(pace.interval)
            .arg(pace.slack)
    }

    fn tag(&self, number: &Number) -> String {
        format!("{{{}:governor:{}}}", self.prefix, number.tenant.uuid().simple())
    }

    fn number(&self, number: &Number) -> String {
        format!("{}:{}", self.tag(number), number.channel.uuid().simple())
    }

    fn pair(&self, number: &Number, recipient: &Recipient) -> String {
        format!("{}:{}", self.number(number), hex::encode(recipient))
    }
}

fn verdict(kind: i64, at: i64) -> Verdict {
    let later = |because| Verdict::Later { at, because };
    match kind {
        0 => Verdict::Slot { at, trial: false },
        1 => Verdict::Slot { at, trial: true },
        3 => later(Limit::Paused),
        4 => later(Limit::Pair),
        5 => later(Limit::Tenant),
        _ => later(Limit::Throughput),
    }
}
