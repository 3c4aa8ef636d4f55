//! `mainstay doctor`: finds what would stop an installation or lose acknowledged data, and names a remedy.

mod configuration;
mod database;
mod finding;
mod keys;
mod machine;
mod redis;
mod server;
mod storage;

use super::{CommandOutput, operator};
use crate::{
    clock::Clock,
    config::{Config, Environment, Purpose},
    db::{self, Db},
};
use finding::Finding;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// URL of the running server; by default http://127.0.0.1:PORT.
    #[arg(long)]
    url: Option<String>,
    /// Skip the checks that need a running server.
    #[arg(long)]
    offline: bool,
}

pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    let findings = examine(&args).await?;
    let failed = findings.iter().any(Finding::is_failure);
    Ok(CommandOutput::list(&findings, "nothing was checked")?.failed_if(failed))
}

async fn examine(args: &Args) -> anyhow::Result<Vec<Finding>> {
    let config = match Environment::read().and_then(|environment| environment.check(Purpose::Operate)) {
        Ok(config) => config,
        Err(error) => return Ok(vec![configuration::refused(&error)]),
    };
    let clock = Clock::default();
    let mut findings = configuration::check(&config, &Environment::given());
    let db = open(&config, &mut findings).await;
    if let Some(db) = &db {
        findings.extend(database::check(db, &config).await);
        findings.extend(keys::check(db, &config.keyring).await);
    }
    if let Some(redis) = &config.redis {
        findings.extend(redis::check(redis).await);
    }
    findings.extend(storage::check(&config).await);
    findings.push(machine::clock(&clock, db.as_ref()).await);
    let file = db::sqlite_file(&config.database_url);
    findings.push(machine::disk(file.as_deref(), config.limits.disk_free_mb));
    if !args.offline {
        let url = args
            .url
            .clone()
            .unwrap_or_else(|| format!("http://127.0.0.1:{}", config.listen.port()));
        findings.extend(server::check(url.trim_end_matches('/'), &config, &clock, db.as_ref()).await?);
    }
    Ok(findings)
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
