//! The environment of the operator's commands.

use anyhow::{Context, ensure};

use crate::{
    clock::Clock,
    config::{Config, Graph, Purpose},
    db::{self, Db},
    directory::Directory,
    egress::EgressClient,
    messaging::Composer,
    meta::graph::GraphClient,
    templates::TemplateService,
    tenancy::TenantService,
    webhooks::WebhookService,
};

/// The services that the operator's commands work with, on an open and migrated database.
pub(crate) struct OperatorContext {
    pub registry: TenantService,
    pub webhooks: WebhookService,
    graph: Graph,
}

impl OperatorContext {
    pub async fn open() -> anyhow::Result<Self> {
        Self::with(Config::load(Purpose::Operate)?).await
    }

    /// Opens the services. Fails if the database does not exist, or has pending migrations.
    pub async fn with(config: Config) -> anyhow::Result<Self> {
        if let Some(file) = db::sqlite_file(&config.database_url) {
            ensure!(
                file.exists(),
                "there is no database at {}: create it with `mainstay migrate`, or set DATABASE_URL to where it is",
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
        let webhooks = WebhookService {
            db: registry.db.clone(),
            clock: registry.clock.clone(),
            keyring: config.keyring,
            egress: EgressClient::new(config.egress)?,
        };
        Ok(Self {
            registry,
            webhooks,
            graph: config.graph,
        })
    }

    /// Returns a composer of messages that knows the channels.
    pub async fn composer(&self) -> anyhow::Result<Composer> {
        let (db, clock) = (self.registry.db.clone(), self.registry.clock.clone());
        let directory = Directory::new(db.clone(), self.registry.keyring.clone(), &[]);
        directory.refresh().await?;
        let templates = TemplateService {
            db: db.clone(),
            clock: clock.clone(),
            graph: GraphClient::new(&self.graph.base_url, &self.graph.version, self.graph.timeout)?,
            directory: directory.clone(),
        };
        Ok(Composer {
            db,
            clock,
            directory,
            templates,
        })
    }
}

pub async fn open(config: &Config) -> anyhow::Result<Db> {
    Db::open(&config.database_url, config.database_connections)
        .await
        .context("DATABASE_URL: cannot open the database")
}
