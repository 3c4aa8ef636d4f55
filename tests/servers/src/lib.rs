//! PostgreSQL and Redis servers for the unit tests of the crates, and waiting until a condition holds.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A limit for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "where the servers of the tests are")]
fn from_environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run ./test, which starts the servers"))
}

pub fn redis_url() -> String {
    from_environment("TEST_REDIS_URL")
}

/// Creates a database on the shared PostgreSQL.
pub async fn postgres_url() -> String {
    use sqlx::{AssertSqlSafe, Connection, PgConnection};
    let url = from_environment("TEST_POSTGRES_URL");
    let name = format!("queue_{:016x}", rand::random::<u64>());
    let mut on = PgConnection::connect(&url).await.expect("PostgreSQL answers");
    let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(sql)
        .execute(&mut on)
        .await
        .expect("a superuser may make databases");
    let (server, rest) = url.rsplit_once('/').expect("a URL with a database");
    let options = rest
        .split_once('?')
        .map(|(_, options)| format!("?{options}"))
        .unwrap_or_default();
    format!("{server}/{name}{options}")
}

/// A Redis of one test, which may be stopped, killed and flushed. It does not persist.
pub struct OwnRedis {
    port: u16,
    child: Option<Child>,
}

impl OwnRedis {
    pub async fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let mut redis = Self { port, child: None };
        redis.restart().await;
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Sends a signal, by name.
    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
        }
    }

    pub async fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        let command = [
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let child = Command::new("redis-server").args(command).stdout(Stdio::null()).spawn();
        self.child = Some(child.expect("redis-server is installed"));
        until("Redis answers", Duration::from_secs(10), async || {
            self.ask("PING").await.is_ok()
        })
        .await;
    }

    /// Returns a section of INFO.
    pub async fn info(&self, section: &str) -> String {
        let client = redis::Client::open(self.url()).expect("it is an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("it answers");
        let mut info = redis::cmd("INFO");
        info.arg(section)
            .query_async(&mut connection)
            .await
            .expect("it answers")
    }

    pub async fn ask(&self, command: &str) -> redis::RedisResult<redis::Value> {
        let mut connection = redis::Client::open(self.url())?
            .get_multiplexed_async_connection()
            .await?;
        redis::cmd(command).query_async(&mut connection).await
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Polls until the condition holds.
pub async fn until(what: &str, patience: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(patience, asking).await.is_ok(),
        "waited {patience:?} in vain: {what}"
    );
}

/// Polls with a limit for a busy machine. See [`until`].
pub async fn soon(what: &str, holds: impl AsyncFnMut() -> bool) {
    until(what, PATIENCE, holds).await;
}
