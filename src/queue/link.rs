use std::{future::Future, sync::Arc, time::Duration};

#[cfg(target_os = "linux")]
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{Error, outage::Outage};

/// The longest that a command may take, connecting included. A caller that stores webhooks waits for no more.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// The longest that a command may take for callers with more patience.
pub(super) const TAKING: Duration = Duration::from_secs(5);
/// When the other end of a connection is deaf for this long, the connection is given up. (A command that takes too long is no reason.)
#[cfg(target_os = "linux")]
const DEAF: Duration = Duration::from_secs(5);

/// The way to Redis: one connection that commands share, made when first used and again whenever needed. It says once that Redis
/// went away and once that it came back.
#[derive(Clone)]
pub(crate) struct Link {
    pub(super) client: Client,
    pub(super) connection: ConnectionManager,
    outage: Arc<Outage>,
}

impl Link {
    /// `of` says in the log for what. Only a malformed address fails. To be called within the runtime.
    pub fn open(url: &str, of: &'static str) -> Result<Self, Error> {
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
            outage: Arc::new(Outage::new(of, "mainstay_redis_errors_total")),
        })
    }

    /// An error at once while Redis is known to be away, for those who cannot wait.
    pub fn admits(&self) -> Result<(), Error> {
        if self.outage.admits() { Ok(()) } else { Err(Error::Down) }
    }

    /// Runs a script within our patience. Redis is told the script's text again when it forgot it.
    pub async fn call<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, Error> {
        let mut connection = self.connection.clone();
        self.guard(call.invoke_async(&mut connection)).await
    }

    /// Runs commands within our patience.
    pub async fn query<T: FromRedisValue>(&self, pipe: &redis::Pipeline) -> Result<T, Error> {
        let mut connection = self.connection.clone();
        self.guard(pipe.query_async(&mut connection)).await
    }

    /// Waits within our patience, and notes whether Redis is there.
    pub async fn guard<T>(&self, run: impl Future<Output = RedisResult<T>>) -> Result<T, Error> {
        self.guard_for(PATIENCE, run).await
    }

    pub async fn guard_for<T>(
        &self,
        patience: Duration,
        run: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Error> {
        let result = match tokio::time::timeout(patience, run).await {
            Ok(result) => result.map_err(Error::Redis),
            Err(_) => Err(Error::TimedOut(patience)),
        };
        self.outage.note(result)
    }
}

fn address(url: &str) -> RedisResult<ConnectionInfo> {
    let address = url.into_connection_info()?;
    #[cfg(target_os = "linux")]
    let address = address.set_tcp_settings(TcpSettings::default().set_user_timeout(DEAF));
    Ok(address)
}
