//! The Redis connection shared by queues and rate limits.

use std::{future::Future, sync::Arc, time::Duration};

#[cfg(target_os = "linux")]
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{Error, outage::Outage};

/// Time limit of a command, connecting included. It bounds the latency of the webhook intake.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of a fetch, whose result would be lost with the reply.
pub(super) const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long unacknowledged data may stay in flight before the kernel closes the connection. A slow command does not trigger it.
#[cfg(target_os = "linux")]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);

/// A shared, multiplexed Redis connection, made lazily and remade as needed. Logs once when Redis becomes unavailable and once when it is
/// back.
#[derive(Clone)]
pub struct RedisConnection {
    pub(super) client: Client,
    pub(super) manager: ConnectionManager,
    outage: Arc<Outage>,
}

impl RedisConnection {
    /// Opens a connection; `name` is its name in the log. Only a malformed address fails. Must be called within the Tokio runtime.
    pub fn open(url: &str, name: &'static str) -> Result<Self, Error> {
        let client = Client::open(address(url)?)?;
        // No retries of its own: each command is a retry, and the loops that send them pause.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(COMMAND_TIMEOUT))
            .set_response_timeout(Some(FETCH_TIMEOUT))
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(1_024);
        Ok(Self {
            manager: ConnectionManager::new_lazy_with_config(client.clone(), config)?,
            client,
            outage: Arc::new(Outage::new(name, "mainstay_redis_errors_total")),
        })
    }

    /// Fails at once while Redis is known to be unavailable, for callers that cannot wait.
    pub fn fail_fast(&self) -> Result<(), Error> {
        if self.outage.should_try() {
            Ok(())
        } else {
            Err(Error::Down)
        }
    }

    /// Runs a script within a second. Loads its text again if Redis has lost it.
    pub async fn invoke<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Error> {
        let mut connection = self.manager.clone();
        self.run(script.invoke_async(&mut connection)).await
    }

    /// Runs a pipeline within a second.
    pub async fn query<T: FromRedisValue>(&self, pipe: &redis::Pipeline) -> Result<T, Error> {
        let mut connection = self.manager.clone();
        self.run(pipe.query_async(&mut connection)).await
    }

    /// Runs a command within a second and records whether Redis is available.
    pub async fn run<T>(&self, command: impl Future<Output = RedisResult<T>>) -> Result<T, Error> {
        self.run_within(COMMAND_TIMEOUT, command).await
    }

    pub async fn run_within<T>(
        &self,
        limit: Duration,
        command: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Error> {
        let result = match tokio::time::timeout(limit, command).await {
            Ok(result) => result.map_err(Error::Redis),
            Err(_) => Err(Error::TimedOut(limit)),
        };
        self.outage.record(result)
    }
}

fn address(url: &str) -> RedisResult<ConnectionInfo> {
    let address = url.into_connection_info()?;
    #[cfg(target_os = "linux")]
    let address = address.set_tcp_settings(TcpSettings::default().set_user_timeout(TCP_USER_TIMEOUT));
    Ok(address)
}
