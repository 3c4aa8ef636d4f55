//! `mainstay doctor`: finds what would stop an installation or lose acknowledged data, and names a remedy.

mod configuration;
mod database;
mod finding;
mod keys;
mod machine;
mod meta;
mod redis;
mod server;
mod storage;
mod work;

use super::{CommandOutput, operator};
use crate::{
    clock::Clock,
    config::{Config, Environment, Purpose},
    db::{self, Db},
    queue::Queues,
};
use finding::{Finding, FindingStatus};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// URL of the running server; by default http://127.0.0.1:PORT.
    #[arg(long)]
    url: Option<String>,
    /// Skip the checks that need a running server or Meta.
    #[arg(long)]
    offline: bool,
}

/// Exit code if something works less well or less safely than it could, and nothing fails. 1 is a failure, 2 an invalid command line.
const WARNED: u8 = 3;

pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    let findings = examine(&args).await?;
    let output = CommandOutput::list(&findings, "nothing was checked")?;
    Ok(match findings.iter().map(|finding| finding.status).max() {
        Some(FindingStatus::Fail) => output.failed_if(true),
        Some(FindingStatus::Warn) => output.with_exit_code(WARNED),
        Some(FindingStatus::Ok) | None => output,
    })
}

async fn examine(args: &Args) -> anyhow::Result<Vec<Finding>> {
    let config = match Environment::read().and_then(|environment| environment.check(Purpose::Operate)) {
        Ok(config) => config,
        Err(error) => return Ok(vec![configuration::refused(&error)]),
    };
    let clock = Clock::default();
    let mut findings = configuration::check(&config, &Environment::given());
    findings.extend(configuration::file());
    let db = open(&config, &mut findings).await;
    if let Some(db) = &db {
        findings.extend(database::check(db, &config).await);
    }
    // Without its tables nothing else can be read of it.
    let is_complete = match &db {
        Some(db) => matches!(db.pending_migrations().await, Ok(0)),
        None => false,
    };
    let complete = db.as_ref().filter(|_| is_complete);
    if let Some(db) = complete {
        findings.extend(keys::check(db, &config.keyring).await);
        findings.extend(work::check(db, &queues(&config, &clock), &clock).await);
    }
    if let Some(redis) = &config.redis {
        findings.extend(redis::check(redis).await);
    }
    findings.extend(storage::check(&config).await);
    findings.push(machine::clock(&clock, db.as_ref()).await);
    let file = db::sqlite_file(&config.database_url);
    findings.push(machine::disk(file.as_deref(), config.limits.disk_free_mb));
    if !args.offline {
        if let Some(db) = complete {
            findings.extend(meta::check(db, &config, &clock).await);
        }
        let url = args
            .url
            .clone()
            .unwrap_or_else(|| format!("http://127.0.0.1:{}", config.listen.port()));
        findings.extend(server::check(url.trim_end_matches('/'), &config, &clock, db.as_ref()).await?);
    }
    Ok(findings)
}

/// Returns a handle to the queues as far as the configuration is good; the check of Redis tells what is wrong with it.
fn queues(config: &Config, clock: &Clock) -> Queues {
    let redis = config.redis.as_ref();
    let redis = redis.and_then(|redis| Queues::redis(redis.url.expose(), &redis.prefix, clock.clone()).ok());
    redis.unwrap_or_else(|| Queues::in_memory(clock.clone()))
}

async fn open(config: &Config, findings: &mut Vec<Finding>) -> Option<Db> {
    if let Some(file) = db::sqlite_file(&config.database_url).filter(|file| !file.exists()) {
        let what = format!("there is no file {}", file.display());
        let cure = "create it with `mainstay migrate`, or set DATABASE_URL to where it is";
        findings.push(Finding::fail("database", what, cure));
        return None;
    }
    match operator::open(config).await {
        Ok(db) => Some(db),
        Err(error) => {
            let cure = "start it, and see that DATABASE_URL names its host, database, user and password";
            findings.push(Finding::fail("database", format!("{error:#}"), cure));
            None
        }
    }
}
