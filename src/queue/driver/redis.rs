use std::{future::Future, sync::Arc, time::Duration};

#[cfg(target_os = "linux")]
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionInfo, IntoConnectionInfo, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use uuid::Uuid;

use super::{CHUNK, Depth, Pushed, Taken, Waiting, scripts};
use crate::queue::{Error, Lane, Queue, outage::Outage};

/// The longest that a command may take, connecting included. A caller that stores webhooks waits for no more.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// What a worker waits for the ids it asked for: if it went away earlier, they would count as lost.
const TAKING: Duration = Duration::from_secs(5);
/// When the other end of a connection is deaf for this long, the connection is given up. (A command that takes too long is no reason.)
#[cfg(target_os = "linux")]
const DEAF: Duration = Duration::from_secs(5);

/// The driver that several processes share. The keys of a queue have one hash tag, `{prefix:queue}`, and so one slot of a cluster:
/// `:0` `:1` `:2` (lanes, id → due ms), `:held` (id → deadline), `:bell` (at most one element), `:leader`. An id is its 16 bytes.
#[derive(Clone)]
pub(in crate::queue) struct Redis {
    pub(super) client: Client,
    pub(super) connection: ConnectionManager,
    prefix: Arc<str>,
    outage: Arc<Outage>,
}

impl Redis {
    pub fn new(url: &str, prefix: &str) -> Result<Self, Error> {
        let client = Client::open(address(url)?)?;
        // No tries of its own: every command is one, and the loops that send them pause.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(TAKING))
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(1_024);
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client.clone(), config)?,
            client,
            prefix: prefix.into(),
            outage: Arc::new(Outage::new("Redis", "mainstay_redis_errors_total")),
        })
    }

    pub async fn push(&self, queue: &Queue, lane: Lane, ids: &[(Uuid, i64)], limit: usize) -> Result<Pushed, Error> {
        if ids.is_empty() {
            return Ok(Pushed::default());
        }
        if !self.outage.admits() {
            return Err(Error::Down);
        }
        let mut call = scripts::PUSH.prepare_invoke();
        call.key(self.key(queue, LANES[lane.index()]))
            .key(self.key(queue, "held"))
            .key(self.key(queue, "bell"))
            .arg(limit);
        for (id, due) in ids {
            call.arg(due).arg(id.as_bytes().as_slice());
        }
        let (new, dropped, depth) = self.call(&call).await?;
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
        let (high, normal, low, lost, first, next): Reply = self
            .guard_for(TAKING, call.invoke_async(&mut self.connection.clone()))
            .await?;
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
            self.keys(&mut call, queue).arg(gone.len());
            for id in gone {
                call.arg(id.as_bytes().as_slice());
            }
            for (id, due, lane) in again {
                call.arg(lane.index()).arg(due).arg(id.as_bytes().as_slice());
            }
            self.call::<()>(&call).await?;
        }
    }

    pub async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        for ids in ids.chunks(CHUNK) {
            let mut call = scripts::RENEW.prepare_invoke();
            call.key(self.key(queue, "held")).arg(lease.as_millis() as u64);
            for id in ids {
                call.arg(id.as_bytes().as_slice());
            }
            self.call::<()>(&call).await?;
        }
        Ok(())
    }

    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        let mut pipe = redis::pipe();
        for part in LANES.iter().chain(&["held"]) {
            pipe.zcard(self.key(queue, part));
        }
        let mut connection = self.connection.clone();
        let (high, normal, low, held) = self.guard(pipe.query_async(&mut connection)).await?;
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
        self.call(&call).await
    }

    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.connection.clone();
        self.guard(redis::cmd("PING").query_async(&mut connection)).await
    }

    pub(super) fn key(&self, queue: &Queue, part: &str) -> String {
        format!("{{{}:{}}}:{part}", self.prefix, queue.name)
    }

    /// Runs a command within our patience, and notes whether Redis is there.
    pub(super) async fn guard<T>(&self, run: impl Future<Output = RedisResult<T>>) -> Result<T, Error> {
        self.guard_for(PATIENCE, run).await
    }

    async fn guard_for<T>(&self, patience: Duration, run: impl Future<Output = RedisResult<T>>) -> Result<T, Error> {
        let result = match tokio::time::timeout(patience, run).await {
            Ok(result) => result.map_err(Error::Redis),
            Err(_) => Err(Error::TimedOut(patience)),
        };
        self.outage.note(result)
    }

    async fn call<T: redis::FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, Error> {
        let mut connection = self.connection.clone();
        self.guard(call.invoke_async(&mut connection)).await
    }

    fn keys<'a, 'b>(&self, call: &'b mut ScriptInvocation<'a>, queue: &Queue) -> &'b mut ScriptInvocation<'a> {
        for part in LANES.iter().chain(&["held", "bell"]) {
            call.key(self.key(queue, part));
        }
        call
    }
}

fn address(url: &str) -> RedisResult<ConnectionInfo> {
    let address = url.into_connection_info()?;
    #[cfg(target_os = "linux")]
    let address = address.set_tcp_settings(TcpSettings::default().set_user_timeout(DEAF));
    Ok(address)
}

const LANES: [&str; 3] = ["0", "1", "2"];

/// Anything that is not 16 bytes long was not put there by us.
fn uuids(ids: Vec<Vec<u8>>) -> impl Iterator<Item = Uuid> {
    ids.into_iter().filter_map(|id| Uuid::from_slice(&id).ok())
}
