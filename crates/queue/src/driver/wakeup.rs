//! Waking of idle workers: a notification in memory, or BLPOP on Redis.

use std::{future::Future, sync::Arc, time::Duration};

use futures::FutureExt;
use redis::{AsyncConnectionConfig, RedisResult, aio::MultiplexedConnection};
use tokio::sync::Notify;

use super::redis::RedisDriver;
use crate::{
    Error, Queue,
    redis_connection::{COMMAND_TIMEOUT, RedisConnection},
};

/// Time limit of a BLPOP. Workers cancel earlier; this frees the connection of one that vanished.
const MAX_BLOCK: Duration = Duration::from_secs(10);
/// The pause after a failure of Redis.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);
const UNBLOCK_RETRY_PAUSE: Duration = Duration::from_millis(20);

/// The wake-up signal of a queue. A signal is kept until somebody waits, so none is missed between a fetch and the wait.
pub(crate) struct Wakeup(WakeupSource);

enum WakeupSource {
    Memory(Arc<Notify>),
    Redis(Box<RedisWakeup>),
}

struct RedisWakeup {
    shared: RedisConnection,
    key: String,
    blocking: Option<BlockingConnection>,
}

/// A dedicated connection, because BLPOP blocks it.
struct BlockingConnection {
    connection: MultiplexedConnection,
    client_id: i64,
}

impl Wakeup {
    pub(super) fn in_memory(notify: Arc<Notify>) -> Self {
        Self(WakeupSource::Memory(notify))
    }

    pub(super) fn redis(redis: &RedisDriver, queue: &Queue) -> Self {
        Self(WakeupSource::Redis(Box::new(RedisWakeup {
            shared: redis.connection.clone(),
            key: redis.key(queue, "bell"),
            blocking: None,
        })))
    }

    /// Waits for a signal, or until the given future is ready.
    pub async fn wait(&mut self, until: impl Future<Output = ()>) {
        // Fused: after a failure of Redis it is polled a second time.
        let until = until.fuse();
        tokio::pin!(until);
        match &mut self.0 {
            WakeupSource::Memory(notify) => {
                tokio::select! { () = notify.notified() => (), () = until => () }
            }
            WakeupSource::Redis(redis) => {
                if redis.wait(until.as_mut()).await.is_err() {
                    redis.blocking = None;
                    tokio::select! { () = tokio::time::sleep(FAILURE_PAUSE) => (), () = until => () }
                }
            }
        }
    }
}

impl RedisWakeup {
    async fn wait(&mut self, until: impl Future<Output = ()> + Unpin) -> Result<(), Error> {
        if self.blocking.is_none() {
            let connect = connect(&self.shared);
            self.blocking = Some(self.shared.run(connect).await?);
        }
        let Some(BlockingConnection { connection, client_id }) = &mut self.blocking else {
            return Ok(());
        };
        let mut blpop = redis::cmd("BLPOP");
        blpop.arg(&self.key).arg(MAX_BLOCK.as_secs());
        let ring = blpop.query_async::<Option<(String, String)>>(connection);
        tokio::pin!(ring);
        tokio::select! {
            ring = &mut ring => return self.shared.run(std::future::ready(ring.map(drop))).await,
            () = until => (),
        }
        // CLIENT UNBLOCK withdraws the BLPOP; otherwise Redis would deliver to us a signal that another worker needs. The BLPOP may not
        // have reached Redis yet, hence the retries.
        let leave = async {
            loop {
                let mut unblock = redis::cmd("CLIENT");
                unblock.arg("UNBLOCK").arg(*client_id);
                let mut other = self.shared.manager.clone();
                unblock.query_async::<i64>(&mut other).await?;
                if let Ok(ring) = tokio::time::timeout(UNBLOCK_RETRY_PAUSE, &mut ring).await {
                    return ring.map(drop);
                }
            }
        };
        self.shared.run(leave).await
    }
}

async fn connect(shared: &RedisConnection) -> RedisResult<BlockingConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(COMMAND_TIMEOUT))
        .set_response_timeout(Some(MAX_BLOCK + COMMAND_TIMEOUT));
    let mut connection = shared
        .client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let client_id = redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await?;
    Ok(BlockingConnection { connection, client_id })
}
