use anyhow::{Context, ensure};

use crate::{
    clock::Clock,
    config::{Config, Purpose},
    db::{self, Db},
    egress::EgressClient,
    tenancy::TenantService,
    webhooks::WebhookService,
};

/// An open database that is up to date, and the keys to it: what the operator's commands work with.
pub struct Operator {
    pub registry: TenantService,
    pub subscriptions: WebhookService,
}

impl Operator {
    pub async fn open() -> anyhow::Result<Self> {
        Self::with(Config::load(Purpose::Operate)?).await
    }

    /// Refuses a database that is not there, or whose tables are not those this program knows.
    pub async fn with(config: Config) -> anyhow::Result<Self> {
        if let Some(file) = db::sqlite_file(&config.database_url) {
            ensure!(
                file.exists(),
                "there is no database at {}: make it with `mainstay migrate`, or set DATABASE_URL to where it is",
                file.display()
            );
        }
        let db = open(&config).await?;
        let pending = db.pending_migrations().await?;
        ensure!(
            pending == 0,
            "the database lacks {pending} of this version's migrations: run `mainstay migrate` first"
        );
        let registry = TenantService {
            db,
            clock: Clock::default(),
            keyring: config.keyring.clone(),
        };
        let subscriptions = WebhookService {
            db: registry.db.clone(),
            clock: registry.clock.clone(),
            keyring: config.keyring,
            egress: EgressClient::new(config.egress)?,
        };
        Ok(Self {
            registry,
            subscriptions,
        })
    }
}

pub async fn open(config: &Config) -> anyhow::Result<Db> {
    Db::open(&config.database_url, config.database_connections)
        .await
        .context("DATABASE_URL: the database does not open")
}
