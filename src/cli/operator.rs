//! The environment of the operator's commands.

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use chrono_tz::Tz;
use tokio_util::sync::CancellationToken;

use crate::{
    campaigns::CampaignService,
    clock::Clock,
    config::{Config, Environment, Graph, Purpose, Retention, StorageConfig},
    contacts::{ContactService, import::ImportService},
    db::{self, Db},
    directory::Directory,
    egress::EgressClient,
    messaging::Composer,
    meta::graph::GraphClient,
    provider::Providers,
    queue::Queues,
    schedule::ScheduleService,
    storage::Storage,
    templates::TemplateService,
    tenancy::{self, TenantService},
    verifications::VerificationService,
    webhooks::WebhookService,
};

/// The services that the operator's commands work with, on an open and migrated database.
pub(crate) struct OperatorContext {
    pub registry: TenantService,
    pub webhooks: WebhookService,
    /// Where jobs that are due again are announced, if that is Redis.
    pub queues: Queues,
    graph: Graph,
    storage: StorageConfig,
    public_url: Option<String>,
    zone: Tz,
    pub retention: Retention,
    verification_cache: TimeDelta,
}

impl OperatorContext {
    pub async fn open() -> anyhow::Result<Self> {
        Self::with(load()?).await
    }

    pub async fn open_with_any_key() -> anyhow::Result<Self> {
        Self::with_any_key(load()?).await
    }

    /// Opens the services. Fails if the database does not exist, has pending migrations, or belongs to another master key.
    pub async fn with(config: Config) -> anyhow::Result<Self> {
        let operator = Self::with_any_key(config).await?;
        tenancy::check_master_key(&operator.registry).await?;
        Ok(operator)
    }

    /// Opens the services though the database may belong to another master key.
    pub async fn with_any_key(config: Config) -> anyhow::Result<Self> {
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
        let queues = match &config.redis {
            Some(redis) => {
                Queues::redis(redis.url.expose(), &redis.prefix, registry.clock.clone()).context("REDIS_URL")?
            }
            None => Queues::in_memory(registry.clock.clone()),
        };
        Ok(Self {
            registry,
            webhooks,
            queues,
            graph: config.graph,
            storage: config.storage,
            public_url: config.public_url,
            zone: config.scheduler_zone,
            retention: config.retention,
            verification_cache: config.verification_cache,
        })
    }

    /// Returns the channels that are in use.
    pub async fn directory(&self) -> anyhow::Result<Directory> {
        let directory = Directory::new(self.registry.db.clone(), self.registry.keyring.clone(), &[]);
        directory.refresh().await?;
        Ok(directory)
    }

    /// Returns the clients of the providers.
    pub fn providers(&self) -> anyhow::Result<Providers> {
        Ok(Providers::new(client(&self.graph)?))
    }

    /// Returns what runs schedules.
    pub fn schedules(&self) -> ScheduleService {
        ScheduleService {
            db: self.registry.db.clone(),
            clock: self.registry.clock.clone(),
            queues: self.queues.clone(),
            worker: "mainstay scheduler".to_owned(),
            zone: self.zone,
        }
    }

    /// Returns the service of contacts.
    pub fn contacts(&self) -> ContactService {
        ContactService {
            db: self.registry.db.clone(),
            clock: self.registry.clock.clone(),
            queues: self.queues.clone(),
        }
    }

    /// Returns the service of imports, on the file store of the server.
    pub fn imports(&self) -> anyhow::Result<ImportService> {
        Ok(ImportService {
            db: self.registry.db.clone(),
            clock: self.registry.clock.clone(),
            queues: self.queues.clone(),
            storage: Storage::open(&self.storage).context("MAINSTAY_STORAGE")?,
        })
    }

    /// Returns the service of campaigns, with the channels that are in use.
    pub async fn campaigns(&self) -> anyhow::Result<CampaignService> {
        Ok(CampaignService {
            db: self.registry.db.clone(),
            clock: self.registry.clock.clone(),
            queues: self.queues.clone(),
            directory: self.directory().await?,
            work_ends: CancellationToken::new(),
        })
    }

    /// Returns the service of verifications.
    pub fn verifications(&self) -> VerificationService {
        VerificationService {
            db: self.registry.db.clone(),
            clock: self.registry.clock.clone(),
            queues: self.queues.clone(),
            cache: self.verification_cache,
        }
    }

    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }

    /// Returns a composer of messages that knows the channels.
    pub async fn composer(&self) -> anyhow::Result<Composer> {
        let (db, clock) = (self.registry.db.clone(), self.registry.clock.clone());
        let directory = self.directory().await?;
        let templates = TemplateService {
            db: db.clone(),
            clock: clock.clone(),
            graph: client(&self.graph)?,
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

fn load() -> anyhow::Result<Config> {
    let config = Config::load(Purpose::Operate)?;
    if let Some(exposed) = Environment::exposure() {
        eprintln!("mainstay: {exposed}: let its owner alone read it (chmod 600 .env)");
    }
    Ok(config)
}

/// Creates the client of Meta's Graph API.
pub fn client(graph: &Graph) -> anyhow::Result<GraphClient> {
    GraphClient::new(&graph.base_url, &graph.version, graph.timeout)
}

pub async fn open(config: &Config) -> anyhow::Result<Db> {
    Db::open(&config.database_url, config.database_connections)
        .await
        .context("DATABASE_URL: cannot open the database")
}
