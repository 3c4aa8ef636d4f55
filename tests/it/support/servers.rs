//! The servers tests run on. Most share the two that `./test` starts; a test that stops or restarts a server starts
//! one of its own with [`PrivatePostgres`] or [`PrivateRedis`].

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    process::Command,
};

use sqlx::{Connection, PgConnection};

use super::{daemon::Daemon, folder::Folder, wait::free_port};

/// The PostgreSQL all tests share, as superuser: a test creates a database or a schema of its own in it.
pub fn shared_postgres_url() -> String {
    from_environment("TEST_POSTGRES_URL")
}

/// The Redis all tests share. Nobody may flush it; a test uses keys of its own.
pub fn shared_redis_url() -> String {
    from_environment("TEST_REDIS_URL")
}

fn from_environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run ./test, which starts the servers"))
}

/// A PostgreSQL that belongs to one test. Dropping it stops it and removes its data.
///
/// It listens on a Unix socket in its own folder, so there is no port to collide on and the URL stays valid for good; or,
/// if asked to, on TCP.
/// Nothing waits for the disk, yet a commit reaches the kernel before it is acknowledged: stopping and even killing
/// the server loses nothing committed.
pub struct PrivatePostgres {
    daemon: Daemon,
    url: String,
}

impl PrivatePostgres {
    pub async fn start() -> Self {
        let mut postgres = Self::prepare();
        postgres.restart().await;
        postgres
    }

    /// One that is reached over TCP, as in production: a port nobody listens on refuses, and clients may choose to try
    /// again, where a Unix socket is simply not there.
    pub async fn start_on_tcp() -> Self {
        let mut postgres = Self::prepare();
        for _ in 0..10 {
            let port = free_port();
            let listen = format!("listen_addresses = '127.0.0.1'\nport = {port}\n");
            configure_postgres(postgres.daemon.folder(), &listen);
            postgres.url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
            let url = postgres.url.clone();
            if postgres.daemon.start(async || takes_connections(&url).await).await {
                return postgres;
            }
        }
        panic!("ten ports in a row were taken before PostgreSQL could listen");
    }

    fn prepare() -> Self {
        let folder = Folder::new("postgres");
        if let Some((user, group)) = postgres_user() {
            chown(folder.path(), Some(user), Some(group)).expect("root may give a folder away");
        }
        let initdb = postgres_program("initdb", &folder)
            .args([
                "--pgdata=data",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .args(["--no-sync", "--no-instructions"])
            .output()
            .expect("initdb is in PATH: run ./test, which puts it there");
        assert!(
            initdb.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );

        let socket_folder = folder.path().display().to_string().replace('/', "%2F");
        configure_postgres(&folder, "listen_addresses = ''\n");
        PrivatePostgres {
            // INT is PostgreSQL's fast shutdown: it disconnects its clients, where TERM would wait for them.
            daemon: Daemon::new(postgres_server, "INT", folder),
            url: format!("postgres://postgres@localhost:5432/postgres?host={socket_folder}"),
        }
    }

    /// The superuser's URL, the same before and after a restart.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Shuts down in order and drops every connection. Returns when the process is gone.
    pub async fn stop(&mut self) {
        self.daemon.stop().await;
    }

    /// Starts it again on the data it had, stopping it first if it runs. Returns when it takes connections.
    pub async fn restart(&mut self) {
        let url = &self.url;
        self.daemon.restart(async || takes_connections(url).await).await;
    }
}

async fn takes_connections(url: &str) -> bool {
    match PgConnection::connect(url).await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

fn configure_postgres(folder: &Folder, settings: &str) {
    fs::write(folder.path().join("data/postgresql.auto.conf"), settings)
        .expect("the owner of the folder, and root, may write there");
}

fn postgres_server(folder: &Folder) -> Command {
    let mut server = postgres_program("postgres", folder);
    server.args(["-D", "data", "-k"]).arg(folder.path());
    server.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    server
}

/// One of PostgreSQL's programs, as the user `postgres` when we are root, which PostgreSQL refuses to run as.
fn postgres_program(name: &str, folder: &Folder) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder.path());
    if let Some((user, group)) = postgres_user() {
        command.uid(user).gid(group);
    }
    command
}

/// User and group id of the account Debian's package creates; `None` when we are not root and need no other user.
fn postgres_user() -> Option<(u32, u32)> {
    let own_process = fs::metadata("/proc/self").expect("the tests run on Linux");
    if own_process.uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
    let account = accounts
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("there is a user postgres");
    let mut ids = account
        .split(':')
        .skip(2)
        .map(|id| id.parse().expect("ids are numbers"));
    Some((ids.next().expect("a user id"), ids.next().expect("a group id")))
}

/// A Redis that belongs to one test. Dropping it stops it and removes its data.
///
/// It keeps its TCP port and its keys across restarts. The password in the URL proves that what answers is this
/// server and not a stranger on the same port.
pub struct PrivateRedis {
    daemon: Daemon,
    url: String,
}

impl PrivateRedis {
    pub async fn start() -> Self {
        for _ in 0..10 {
            let mut redis = Self::on(free_port());
            if redis.daemon.start(async || ask(&redis.url, "PING").await.is_ok()).await {
                return redis;
            }
        }
        panic!("ten ports in a row were taken before Redis could listen");
    }

    fn on(port: u16) -> Self {
        let folder = Folder::new("redis");
        let password = format!("{:032x}", rand::random::<u128>());
        let settings = format!("bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly yes\n");
        fs::write(folder.path().join("redis.conf"), settings).expect("our own folder is writable");
        PrivateRedis {
            daemon: Daemon::new(redis_server, "TERM", folder),
            url: format!("redis://default:{password}@127.0.0.1:{port}/0"),
        }
    }

    /// The URL, the same before and after a restart.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Shuts down in order, keeping the keys. Returns when the process is gone.
    pub async fn stop(&mut self) {
        self.daemon.stop().await;
    }

    /// Starts it again with the keys it had, stopping it first if it runs. Returns when it answers.
    pub async fn restart(&mut self) {
        let url = &self.url;
        self.daemon.restart(async || ask(url, "PING").await.is_ok()).await;
    }

    /// What an operator's slip would do: removes every key of every database.
    pub async fn flush_all(&self) {
        ask(&self.url, "FLUSHALL")
            .await
            .expect("a running Redis obeys FLUSHALL");
    }
}

fn redis_server(folder: &Folder) -> Command {
    let mut server = Command::new("redis-server");
    server.arg("redis.conf").current_dir(folder.path());
    server
}

async fn ask(url: &str, command: &str) -> redis::RedisResult<String> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    redis::cmd(command).query_async(&mut connection).await
}
