//! The driver on Redis.

use std::{sync::Arc, time::Duration};

use redis::ScriptInvocation;
use uuid::Uuid;

use super::{CHUNK, Depth, DriverEntry, FetchedIds, InFlightPolicy, Pushed, scripts};
use crate::{
    Error, Lane, Queue,
    redis_connection::{FETCH_TIMEOUT, RedisConnection},
};

/// A driver shared by several processes. The keys of a queue have one hash tag, `{prefix:queue}`, and so one cluster slot: `:0` `:1` `:2`
/// (lanes, id → due ms), `:held` (id in flight → deadline), `:recalled` (id in flight to queue again → lane and due ms), `:bell` (wake-up,
/// at most one element), `:leader`. An id is its 16 bytes.
#[derive(Clone)]
pub(crate) struct RedisDriver {
    pub(super) connection: RedisConnection,
    prefix: Arc<str>,
}

impl RedisDriver {
    pub fn new(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(Self {
            connection: RedisConnection::open(url, "queues: Redis")?,
            prefix: prefix.into(),
        })
    }

    pub async fn push(
        &self,
        queue: &Queue,
        lane: Lane,
        ids: &[(Uuid, i64)],
        limit: usize,
        policy: InFlightPolicy,
    ) -> Result<Pushed, Error> {
        if ids.is_empty() {
            return Ok(Pushed::default());
        }
        self.connection.fail_fast()?;
        let mut script = scripts::PUSH.prepare_invoke();
        script
            .key(self.key(queue, LANES[lane.index()]))
            .key(self.key(queue, "held"))
            .key(self.key(queue, "bell"))
            .key(self.key(queue, RUN_AGAIN))
            .arg(limit)
            .arg(if policy == InFlightPolicy::RunAgain {
                LANES[lane.index()]
            } else {
                ""
            });
        for (id, due) in ids {
            script.arg(due).arg(id.as_bytes().as_slice());
        }
        let (new, dropped, depth) = self.connection.invoke(&script).await?;
        Ok(Pushed {
            new,
            dropped,
            deferred: 0,
            depth,
        })
    }

    pub async fn fetch(&self, queue: &Queue, now_ms: i64, max: usize, lease: Duration) -> Result<FetchedIds, Error> {
        let mut script = scripts::FETCH.prepare_invoke();
        self.keys(&mut script, queue)
            .arg(now_ms)
            .arg(max)
            .arg(lease.as_millis() as u64);
        type Reply = (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Vec<u8>>, i64, i64);
        // A worker waits this long for its ids: if it gave up earlier, they would count as lost.
        let mut connection = self.connection.manager.clone();
        let reply = self
            .connection
            .run_within(FETCH_TIMEOUT, script.invoke_async(&mut connection));
        let (high, normal, low, lost, first, next): Reply = reply.await?;
        let lanes = Lane::ALL.into_iter().zip([high, normal, low]);
        Ok(FetchedIds {
            ids: lanes
                .flat_map(|(lane, ids)| uuids(ids).map(move |id| (id, lane)))
                .collect(),
            lost: uuids(lost).collect(),
            first_due_ms: (first >= 0).then_some(first),
            next_due_ms: (next >= 0).then_some(next),
        })
    }

    pub async fn settle(&self, queue: &Queue, settled: &[Uuid], requeue: &[DriverEntry]) -> Result<(), Error> {
        let (mut settled, mut requeue) = (settled.chunks(CHUNK), requeue.chunks(CHUNK));
        loop {
            let (settled, requeue) = (settled.next().unwrap_or_default(), requeue.next().unwrap_or_default());
            if settled.is_empty() && requeue.is_empty() {
                return Ok(());
            }
            let mut script = scripts::SETTLE.prepare_invoke();
            self.keys(&mut script, queue)
                .key(self.key(queue, RUN_AGAIN))
                .arg(settled.len());
            for id in settled {
                script.arg(id.as_bytes().as_slice());
            }
            for (id, due, lane) in requeue {
                script.arg(lane.index()).arg(due).arg(id.as_bytes().as_slice());
            }
            self.connection.invoke::<()>(&script).await?;
        }
    }

    pub async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        for ids in ids.chunks(CHUNK) {
            let mut script = scripts::RENEW.prepare_invoke();
            script.key(self.key(queue, "held")).arg(lease.as_millis() as u64);
            for id in ids {
                script.arg(id.as_bytes().as_slice());
            }
            self.connection.invoke::<()>(&script).await?;
        }
        Ok(())
    }

    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        let mut pipe = redis::pipe();
        for part in LANES.iter().chain(&["held"]) {
            pipe.zcard(self.key(queue, part));
        }
        let (high, normal, low, in_flight) = self.connection.query(&pipe).await?;
        Ok(Depth {
            lanes: [high, normal, low],
            in_flight,
        })
    }

    pub async fn try_lead(&self, queue: &Queue, candidate: &str, term: Duration) -> Result<bool, Error> {
        let mut script = scripts::TRY_LEAD.prepare_invoke();
        script
            .key(self.key(queue, "leader"))
            .arg(candidate)
            .arg(term.as_millis() as u64);
        self.connection.invoke(&script).await
    }

    pub async fn ping(&self) -> Result<(), Error> {
        self.connection
            .query::<(String,)>(redis::pipe().cmd("PING"))
            .await
            .map(drop)
    }

    pub(super) fn key(&self, queue: &Queue, part: &str) -> String {
        format!("{{{}:{}}}:{part}", self.prefix, queue.name)
    }

    fn keys<'a, 'b>(&self, script: &'b mut ScriptInvocation<'a>, queue: &Queue) -> &'b mut ScriptInvocation<'a> {
        for part in LANES.iter().chain(&["held", "bell"]) {
            script.key(self.key(queue, part));
        }
        script
    }
}

const LANES: [&str; 3] = ["0", "1", "2"];
const RUN_AGAIN: &str = "recalled";

/// Skips members that are not 16 bytes long; they are not ours.
fn uuids(ids: Vec<Vec<u8>>) -> impl Iterator<Item = Uuid> {
    ids.into_iter().filter_map(|id| Uuid::from_slice(&id).ok())
}
