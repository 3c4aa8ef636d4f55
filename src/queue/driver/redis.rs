use std::{sync::Arc, time::Duration};

use redis::ScriptInvocation;
use uuid::Uuid;

use super::{CHUNK, Depth, InHand, Pushed, Taken, Waiting, scripts};
use crate::queue::{
    Error, Lane, Queue,
    link::{Link, TAKING},
};

/// The driver that several processes share. The keys of a queue have one hash tag, `{prefix:queue}`, and so one slot of a cluster:
/// `:0` `:1` `:2` (lanes, id → due ms), `:held` (id → deadline), `:recalled` (id in hand → lane and due ms), `:bell` (at most one
/// element), `:leader`. An id is its 16 bytes.
#[derive(Clone)]
pub(in crate::queue) struct Redis {
    pub(super) link: Link,
    prefix: Arc<str>,
}

impl Redis {
    pub fn new(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(Self {
            link: Link::open(url, "queues: Redis")?,
            prefix: prefix.into(),
        })
    }

    pub async fn push(
        &self,
        queue: &Queue,
        lane: Lane,
        ids: &[(Uuid, i64)],
        limit: usize,
        in_hand: InHand,
    ) -> Result<Pushed, Error> {
        if ids.is_empty() {
            return Ok(Pushed::default());
        }
        self.link.admits()?;
        let mut call = scripts::PUSH.prepare_invoke();
        call.key(self.key(queue, LANES[lane.index()]))
            .key(self.key(queue, "held"))
            .key(self.key(queue, "bell"))
            .key(self.key(queue, RECALLED))
            .arg(limit)
            .arg(if in_hand == InHand::Recall {
                LANES[lane.index()]
            } else {
                ""
            });
        for (id, due) in ids {
            call.arg(due).arg(id.as_bytes().as_slice());
        }
        let (new, dropped, depth) = self.link.call(&call).await?;
        Ok(Pushed {
            new,
            dropped,
            deferred: 0,
            depth,
        })
    }

    pub async fn take(&self, queue: &Queue, now_ms: i64, n: usize, lease: Duration) -> Result<Taken, Error> {
        let mut call = scripts::TAKE.prepare_invoke();
        self.keys(&mut call, queue)
            .arg(now_ms)
            .arg(n)
            .arg(lease.as_millis() as u64);
        type Reply = (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Vec<u8>>, i64, i64);
        // What a worker waits for the ids it asked for: if it went away earlier, they would count as lost.
        let mut connection = self.link.connection.clone();
        let reply = self.link.guard_for(TAKING, call.invoke_async(&mut connection));
        let (high, normal, low, lost, first, next): Reply = reply.await?;
        let lanes = Lane::ALL.into_iter().zip([high, normal, low]);
        Ok(Taken {
            ids: lanes
                .flat_map(|(lane, ids)| uuids(ids).map(move |id| (id, lane)))
                .collect(),
            lost: uuids(lost).collect(),
            first_due_ms: (first >= 0).then_some(first),
            next_due_ms: (next >= 0).then_some(next),
        })
    }

    pub async fn settle(&self, queue: &Queue, gone: &[Uuid], again: &[Waiting]) -> Result<(), Error> {
        let (mut gone, mut again) = (gone.chunks(CHUNK), again.chunks(CHUNK));
        loop {
            let (gone, again) = (gone.next().unwrap_or_default(), again.next().unwrap_or_default());
            if gone.is_empty() && again.is_empty() {
                return Ok(());
            }
            let mut call = scripts::SETTLE.prepare_invoke();
            self.keys(&mut call, queue)
                .key(self.key(queue, RECALLED))
                .arg(gone.len());
            for id in gone {
                call.arg(id.as_bytes().as_slice());
            }
            for (id, due, lane) in again {
                call.arg(lane.index()).arg(due).arg(id.as_bytes().as_slice());
            }
            self.link.call::<()>(&call).await?;
        }
    }

    pub async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        for ids in ids.chunks(CHUNK) {
            let mut call = scripts::RENEW.prepare_invoke();
            call.key(self.key(queue, "held")).arg(lease.as_millis() as u64);
            for id in ids {
                call.arg(id.as_bytes().as_slice());
            }
            self.link.call::<()>(&call).await?;
        }
        Ok(())
    }

    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        let mut pipe = redis::pipe();
        for part in LANES.iter().chain(&["held"]) {
            pipe.zcard(self.key(queue, part));
        }
        let (high, normal, low, held) = self.link.query(&pipe).await?;
        Ok(Depth {
            lanes: [high, normal, low],
            held,
        })
    }

    pub async fn lead(&self, queue: &Queue, who: &str, term: Duration) -> Result<bool, Error> {
        let mut call = scripts::LEAD.prepare_invoke();
        call.key(self.key(queue, "leader"))
            .arg(who)
            .arg(term.as_millis() as u64);
        self.link.call(&call).await
    }

    pub async fn ping(&self) -> Result<(), Error> {
        self.link.query::<(String,)>(redis::pipe().cmd("PING")).await.map(drop)
    }

    pub(super) fn key(&self, queue: &Queue, part: &str) -> String {
        format!("{{{}:{}}}:{part}", self.prefix, queue.name)
    }

    fn keys<'a, 'b>(&self, call: &'b mut ScriptInvocation<'a>, queue: &Queue) -> &'b mut ScriptInvocation<'a> {
        for part in LANES.iter().chain(&["held", "bell"]) {
            call.key(self.key(queue, part));
        }
        call
    }
}

const LANES: [&str; 3] = ["0", "1", "2"];
const RECALLED: &str = "recalled";

/// Anything that is not 16 bytes long was not put there by us.
fn uuids(ids: Vec<Vec<u8>>) -> impl Iterator<Item = Uuid> {
    ids.into_iter().filter_map(|id| Uuid::from_slice(&id).ok())
}
