//! `mainstay migrate`.

use std::fmt;

use anyhow::Context;
use serde::Serialize;

use super::{CommandOutput, operator};
use crate::config::{Config, Purpose};

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Migrated {
    /// Migrations this run applied.
    pub(super) applied: usize,
}

pub async fn run() -> anyhow::Result<CommandOutput> {
    CommandOutput::new(&migrate(&Config::load(Purpose::Operate)?).await?)
}

pub(super) async fn migrate(config: &Config) -> anyhow::Result<Migrated> {
    let db = operator::open(config).await?;
    let applied = db.pending_migrations().await?;
    db.migrate().await.context("a migration failed")?;
    db.close().await;
    Ok(Migrated { applied })
}

impl fmt::Display for Migrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.applied {
            0 => f.write_str("the database was up to date"),
            1 => f.write_str("the database is up to date: 1 migration applied"),
            n => write!(f, "the database is up to date: {n} migrations applied"),
        }
    }
}
