use std::{future::Future, sync::Arc, time::Duration};

use futures::FutureExt;
use redis::{AsyncConnectionConfig, RedisResult, aio::MultiplexedConnection};
use tokio::sync::Notify;

use super::redis::Redis;
use crate::queue::{
    Error, Queue,
    link::{Link, PATIENCE},
};

/// The longest that Redis lets a worker wait. Workers leave earlier by themselves; this frees the connection of one that vanished.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The rest after a failure of Redis.
const AFTER_FAILURE: Duration = Duration::from_millis(250);
const UNBLOCK_AGAIN: Duration = Duration::from_millis(20);

/// What a worker waits at while there is nothing to do. A ring is kept until somebody comes, so none is missed between a look at the
/// queue and the waiting.
pub(in crate::queue) struct Bell(Kind);

enum Kind {
    Local(Arc<Notify>),
    Redis(Box<Doorbell>),
}

struct Doorbell {
    link: Link,
    key: String,
    line: Option<Line>,
}

/// A connection of its own, for whoever waits in Redis blocks his connection.
struct Line {
    connection: MultiplexedConnection,
    client_id: i64,
}

impl Bell {
    pub(super) fn local(notify: Arc<Notify>) -> Self {
        Self(Kind::Local(notify))
    }

    pub(super) fn redis(redis: &Redis, queue: &Queue) -> Self {
        Self(Kind::Redis(Box::new(Doorbell {
            link: redis.link.clone(),
            key: redis.key(queue, "bell"),
            line: None,
        })))
    }

    /// Waits for a ring, or until the given future is ready.
    pub async fn wait(&mut self, until: impl Future<Output = ()>) {
        // Ready once: after that it never is again, so that a failure of Redis may wait for it a second time.
        let until = until.fuse();
        tokio::pin!(until);
        match &mut self.0 {
            Kind::Local(notify) => {
                tokio::select! { () = notify.notified() => (), () = until => () }
            }
            Kind::Redis(doorbell) => {
                if doorbell.wait(until.as_mut()).await.is_err() {
                    doorbell.line = None;
                    tokio::select! { () = tokio::time::sleep(AFTER_FAILURE) => (), () = until => () }
                }
            }
        }
    }
}

impl Doorbell {
    async fn wait(&mut self, until: impl Future<Output = ()> + Unpin) -> Result<(), Error> {
        if self.line.is_none() {
            let connect = connect(&self.link);
            self.line = Some(self.link.guard(connect).await?);
        }
        let Some(Line { connection, client_id }) = &mut self.line else {
            return Ok(());
        };
        let mut blpop = redis::cmd("BLPOP");
        blpop.arg(&self.key).arg(LONGEST_WAIT.as_secs());
        let ring = blpop.query_async::<Option<(String, String)>>(connection);
        tokio::pin!(ring);
        tokio::select! {
            ring = &mut ring => return self.link.guard(std::future::ready(ring.map(drop))).await,
            () = until => (),
        }
        // Redis keeps us in the line until told otherwise, and would hand us a ring that somebody else needs. It may not have heard
        // of our waiting yet, hence again and again.
        let leave = async {
            loop {
                let mut unblock = redis::cmd("CLIENT");
                unblock.arg("UNBLOCK").arg(*client_id);
                let mut other = self.link.connection.clone();
                unblock.query_async::<i64>(&mut other).await?;
                if let Ok(ring) = tokio::time::timeout(UNBLOCK_AGAIN, &mut ring).await {
                    return ring.map(drop);
                }
            }
        };
        self.link.guard(leave).await
    }
}

async fn connect(link: &Link) -> RedisResult<Line> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(LONGEST_WAIT + PATIENCE));
    let mut connection = link
        .client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let client_id = redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await?;
    Ok(Line { connection, client_id })
}
