//! An installation as an operator has it: our binaries as processes, on a database and a queue, with a tenant and a channel
//! made by the command line. Embedded it is one `mainstay serve` on a SQLite file; distributed it is `api` and `worker`
//! processes on PostgreSQL and a Redis of its own.

use std::{collections::VecDeque, path::Path, time::Duration};

use mainstay::{crypto::Keyring, db::Db};
use mainstay_sim::{RedeliveryPolicy, SimConfig, Simulator};
use serde_json::Value;

use super::{
    databases::{empty_postgres, sqlite_url},
    folder::Folder,
    process::{API, MAINSTAY, Process, WORKER, command},
    servers::{PrivatePostgres, PrivateRedis},
    wait::{free_port, wait_until},
};

pub const ADMIN_TOKEN: &str = "operator-token-for-tests";
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Deployment {
    environment: Vec<(String, String)>,
    api: Option<Process>,
    workers: VecDeque<Process>,
    /// Its own Redis, if it is distributed.
    redis: Option<PrivateRedis>,
    /// Its own PostgreSQL, if it has one. Otherwise it has a database on the shared one, or a SQLite file.
    postgres: Option<PrivatePostgres>,
    database_url: String,
    pub port: u16,
    folder: Folder,
}

impl Deployment {
    /// One process on a SQLite file.
    pub async fn embedded() -> Self {
        let folder = Folder::new("embedded");
        let database_url = sqlite_url(&folder);
        Self::on(database_url, None, None, folder).await
    }

    /// Separate processes on a database of the shared PostgreSQL and a Redis of their own.
    pub async fn distributed() -> Self {
        let redis = PrivateRedis::start().await;
        let folder = Folder::new("distributed");
        let database_url = empty_postgres(&folder).await;
        Self::on(database_url, Some(redis), None, folder).await
    }

    /// The same on a PostgreSQL of their own, which the test may stop.
    pub async fn distributed_on_private_postgres() -> Self {
        let (redis, postgres) = tokio::join!(PrivateRedis::start(), PrivatePostgres::start_on_tcp());
        let database_url = postgres.url().to_owned();
        Self::on(database_url, Some(redis), Some(postgres), Folder::new("distributed")).await
    }

    async fn on(
        database_url: String,
        redis: Option<PrivateRedis>,
        postgres: Option<PrivatePostgres>,
        folder: Folder,
    ) -> Self {
        let sim = SimConfig::default();
        let mut deployment = Self {
            environment: Vec::new(),
            api: None,
            workers: VecDeque::new(),
            redis,
            postgres,
            database_url,
            port: 0,
            folder,
        };
        deployment.set("DATABASE_URL", &deployment.database_url.clone());
        if let Some(redis) = &deployment.redis {
            let url = redis.url().to_owned();
            deployment.set("REDIS_URL", &url);
        }
        deployment.set("HOST", "127.0.0.1");
        deployment.set("MAINSTAY_MASTER_KEY", &Keyring::generate());
        deployment.set("MAINSTAY_ADMIN_TOKEN", ADMIN_TOKEN);
        deployment.set("META_APP_SECRETS", &sim.app_secret);
        deployment.set("META_VERIFY_TOKEN", &sim.verify_token);
        deployment.set("MAINSTAY_DISK_FREE_MB", "0");
        // Nobody: what fetches media keeps trying. A test that plays Meta's Graph API too says where that is.
        deployment.set("GRAPH_BASE_URL", "http://127.0.0.1:9");
        deployment.set("NO_COLOR", "1");
        deployment.operate(&["migrate"]).await;
        let tenant = deployment.operate(&["tenant", "create", "Acme"]).await;
        let tenant = tenant["id"].as_str().expect("the tenant has an id");
        let number = ["--phone-number-id", &sim.phone_number_id, "--waba-id", &sim.waba_id];
        let rest = ["--tenant", tenant, "--access-token", "EAAG-test", "--no-check"];
        deployment
            .operate(&[&["channel", "add"], &number[..], &rest[..]].concat())
            .await;
        deployment
    }

    pub fn is_embedded(&self) -> bool {
        self.redis.is_none()
    }

    /// What a variable is set to.
    pub fn variable(&self, name: &str) -> &str {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Sets a variable for the processes that start from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Runs `mainstay --json …` and returns its answer.
    pub async fn operate(&self, arguments: &[&str]) -> Value {
        let mut process = self.spawn(MAINSTAY, &[&["--json"], arguments].concat());
        let code = process.exit_code().await;
        let output = process.output();
        assert_eq!(code, Some(0), "mainstay {arguments:?}: {output}");
        let answer = output.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        answer.unwrap_or_else(|| panic!("mainstay {arguments:?} answers in JSON: {output}"))
    }

    /// Runs `mainstay --json …` however it ends: its exit code, its answer, and all that it wrote.
    pub async fn attempt(&self, line: &str) -> (Option<i32>, Value, String) {
        let arguments: Vec<&str> = ["--json"].into_iter().chain(line.split(' ')).collect();
        let mut process = self.spawn(MAINSTAY, &arguments);
        let code = process.exit_code().await;
        let output = process.output();
        let answer = output.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        (code, answer.unwrap_or_default(), output)
    }

    /// One of our binaries as a process of this installation.
    pub fn spawn(&self, program: &str, arguments: &[&str]) -> Process {
        let environment: Vec<(&str, &str)> = self.environment.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut command = command(program, arguments, &environment);
        // Whoever cleans up after a test that was killed finds its processes by where they work.
        command.current_dir(self.folder.path());
        Process::spawn(command)
    }

    /// Starts `api` (embedded: `mainstay serve`) and returns when it serves. It keeps its port for the life of the test, so a start
    /// waits while a stranger has the port.
    pub async fn start_api(&mut self) {
        self.start_api_in(&[]).await;
    }

    /// The same through a program that prepares something and then becomes the process, such as `sh -c 'ulimit …; exec "$0" "$@"'`.
    pub async fn start_api_in(&mut self, wrapper: &[&str]) {
        assert!(self.api.is_none(), "it runs already");
        let first = self.port == 0;
        for _ in 0..50 {
            if first {
                self.port = free_port();
            }
            self.set("PORT", &self.port.to_string());
            let (program, arguments) = if self.is_embedded() {
                (MAINSTAY, &["serve"][..])
            } else {
                (API, &[][..])
            };
            let line = [wrapper, &[program], arguments].concat();
            let mut api = self.spawn(line[0], &line[1..]);
            if runs(&mut api).await {
                self.api = Some(api);
                return;
            }
            let output = api.output();
            assert!(output.contains("is it in use?"), "{program} ended: {output}");
        }
        panic!("port {} stays taken", self.port);
    }

    pub async fn start_worker(&mut self) {
        let mut worker = self.spawn(WORKER, &[]);
        assert!(runs(&mut worker).await, "the worker ended: {}", worker.output());
        self.workers.push_back(worker);
    }

    /// What it takes to serve and to work.
    pub async fn start(&mut self) {
        self.start_api().await;
        if !self.is_embedded() {
            self.start_worker().await;
        }
    }

    /// `kill -9` of `api`, or of `mainstay serve`.
    pub async fn kill_api(&mut self) {
        self.api.take().expect("it runs").kill().await;
    }

    /// `kill -9` of the worker that has run for longest.
    pub async fn kill_worker(&mut self) {
        self.workers.pop_front().expect("a worker runs").kill().await;
    }

    pub fn redis(&self) -> &PrivateRedis {
        self.redis.as_ref().expect("it is distributed")
    }

    pub fn redis_mut(&mut self) -> &mut PrivateRedis {
        self.redis.as_mut().expect("it is distributed")
    }

    pub fn postgres_mut(&mut self) -> &mut PrivatePostgres {
        self.postgres.as_mut().expect("it has a PostgreSQL of its own")
    }

    /// The process that serves, to be ended in another way.
    pub fn take_api(&mut self) -> Process {
        self.api.take().expect("it runs")
    }

    /// The worker that has run for longest.
    pub fn take_worker(&mut self) -> Process {
        self.workers.pop_front().expect("a worker runs")
    }

    /// That nothing has ended by itself.
    pub fn assert_running(&mut self) {
        for process in self.api.iter_mut().chain(&mut self.workers) {
            assert!(!process.has_ended(), "a process ended by itself:\n{}", process.output());
        }
    }

    /// The id of the process that serves.
    pub fn api_id(&self) -> u32 {
        self.api.as_ref().expect("it runs").id()
    }

    /// The id of the process that works on what was stored: the worker that has run for longest.
    pub fn worker_id(&self) -> u32 {
        self.workers.front().map_or_else(|| self.api_id(), Process::id)
    }

    /// What the process has written that works on what was stored: the worker that has run for longest.
    pub fn worker_output(&self) -> String {
        let worker = self.workers.front().or(self.api.as_ref());
        worker.expect("it runs").output()
    }

    /// Where the processes work, and where a SQLite file is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Meta, towards this installation: redelivers soon, and for as long as a test can take.
    pub fn simulator(&self, config: SimConfig) -> Simulator {
        let redelivery = RedeliveryPolicy {
            first_gap: Duration::from_millis(20),
            factor: 1.5,
            longest_gap: Duration::from_millis(500),
            window: Duration::from_secs(600),
        };
        let config = SimConfig {
            callback_url: self.url("/webhooks/whatsapp"),
            redelivery,
            ..config
        };
        Simulator::new(config).expect("the settings can work")
    }

    /// A look at the database. Close it before a process is killed whose recovery matters.
    pub async fn db(&self) -> Db {
        Db::open(&self.database_url, 2).await.expect("the database opens")
    }
}

/// Waits until a process serves or works; false when it ended instead.
async fn runs(process: &mut Process) -> bool {
    let mut running = false;
    wait_until(DEADLINE, "a process of ours runs", async || {
        let ended = process.has_ended();
        running = process.output().contains("mainstay runs");
        running || ended
    })
    .await;
    running
}
