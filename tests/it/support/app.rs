//! The application on a database of its own, without sockets: webhooks are stored and jobs run when a test says so.

use chrono::TimeDelta;
use mainstay::{
    app::{App, Foundation},
    clock::Clock,
    config::{self, Config, Environment, Purpose, Secret},
    crypto::Keyring,
    db::Db,
    directory::{Directory, SignedBy},
    domain::{Ctx, RawEventId, TenantId},
    egress::EgressClient,
    inbound::{
        self,
        intake::{Hints, Intake},
    },
    messaging::{Conclusions, UploadQueue, accept::Outbox},
    meta::graph,
    queue::Queues,
    rate_limit::RateLimiter,
    storage::Storage,
    telemetry,
    tenancy::{self, NewChannel, TenantService},
};

use super::{
    databases::{migrated_postgres, migrated_sqlite},
    folder::Folder,
};

/// The number every test's channel has, unless it adds others.
pub const NUMBER: &str = "106540352242922";
pub const WABA: &str = "102290129340398";
pub const APP_SECRET: &str = "the-operators-app-secret";

pub struct TestApp {
    pub app: App,
    foundation: Foundation,
    pub tenant: TenantId,
    pub registry: TenantService,
    /// An API key of the tenant.
    pub key: String,
    /// As it would stand in MAINSTAY_MASTER_KEY.
    pub master_key: String,
    _folder: Folder,
}

impl TestApp {
    pub async fn sqlite() -> Self {
        let folder = Folder::new("app");
        let url = migrated_sqlite(&folder).await;
        Self::on(&url, folder).await
    }

    pub async fn postgres() -> Self {
        let folder = Folder::new("app");
        let url = migrated_postgres(&folder).await;
        Self::on(&url, folder).await
    }

    /// Another one on a database of its own of the same kind.
    pub async fn like(other: &Self) -> Self {
        match other.app.db.is_postgres() {
            true => Self::postgres().await,
            false => Self::sqlite().await,
        }
    }

    async fn on(url: &str, folder: Folder) -> Self {
        let master_key = Keyring::generate();
        let foundation = Self::foundation(url, &folder, &master_key).await;
        let registry = Self::registry(&foundation);
        let (tenant, key) = tenancy::create_tenant(&registry, "Acme")
            .await
            .expect("a tenant is made");
        let test = Self {
            app: App::new(foundation.clone()).0,
            foundation,
            tenant: tenant.id,
            registry,
            key: key.token.expose().to_owned(),
            master_key,
            _folder: folder,
        };
        test.add_channel(test.tenant, NUMBER, WABA).await;
        test
    }

    /// The application on a migrated database with one tenant, whose API key is given.
    pub async fn on_existing(url: &str, folder: Folder, master_key: &str, key: &str) -> Self {
        let foundation = Self::foundation(url, &folder, master_key).await;
        let tenants: Vec<(TenantId,)> = foundation.db.sql("SELECT id FROM tenants", ()).all().await.unwrap();
        let [(tenant,)] = tenants.as_slice() else {
            panic!("there are {} tenants", tenants.len())
        };
        foundation.directory.refresh().await.expect("the directory refreshes");
        Self {
            app: App::new(foundation.clone()).0,
            tenant: *tenant,
            registry: Self::registry(&foundation),
            foundation,
            key: key.to_owned(),
            master_key: master_key.to_owned(),
            _folder: folder,
        }
    }

    fn registry(foundation: &Foundation) -> TenantService {
        TenantService {
            db: foundation.db.clone(),
            clock: foundation.clock.clone(),
            keyring: foundation.config.keyring.clone(),
        }
    }

    async fn foundation(url: &str, folder: &Folder, master_key: &str) -> Foundation {
        let mut config = config(url);
        config.keyring = Keyring::parse(master_key).expect("it is a master key");
        config.storage = config::StorageConfig::Folder(folder.path().join("media"));
        let clock = Clock::default();
        let db = Db::open(url, 5).await.expect("the database opens");
        let directory = Directory::new(db.clone(), config.keyring.clone(), &config.app_secrets);
        let (hints, _) = Hints::channel();
        let (intake, _) = Intake::start(db.clone(), clock.clone(), 1_000, hints, Default::default());
        let queues = Queues::in_memory(clock.clone());
        let graph = graph::GraphClient::new(&config.graph.base_url, &config.graph.version, config.graph.timeout)
            .expect("the configured address is good");
        let storage = Storage::open(&config.storage).expect("the folder of the test can be made");
        let egress = EgressClient::new(config.egress.clone()).expect("a client for the outside");
        let rate_limiter = RateLimiter::in_memory(clock.clone());
        let (outbox, _) = Outbox::start(db.clone(), clock.clone(), queues.clone(), 1_000, Default::default());
        Foundation {
            config,
            clock,
            db,
            queues,
            directory,
            rate_limiter,
            intake,
            outbox,
            conclusions: Conclusions::channel().0,
            uploads: UploadQueue::channel().0,
            graph,
            storage,
            egress,
            consumers: Default::default(),
            metrics: telemetry::install_metrics(),
            work_ends: Default::default(),
        }
    }

    pub async fn add_channel(&self, tenant: TenantId, number: &str, waba: &str) -> tenancy::AddedChannel {
        let new = NewChannel {
            phone_number_id: number.to_owned(),
            waba_id: waba.to_owned(),
            access_token: Secret::new("EAAG-test"),
            app_secret: None,
        };
        let added = tenancy::add_channel(&self.registry, &Ctx::operator(tenant), new)
            .await
            .expect("the channel is added");
        self.app.directory.refresh().await.expect("the directory refreshes");
        added
    }

    /// Stores a webhook as intake does.
    pub async fn store(&self, body: impl Into<bytes::Bytes>) -> RawEventId {
        self.app
            .intake
            .store(body.into(), SignedBy::Operator)
            .await
            .expect("the webhook is stored")
    }

    /// Processes everything that is due, in batches of at most `batch`, and fails on failures.
    pub async fn process_all(&self, batch: usize) {
        loop {
            let due = self.due(batch).await;
            if due.is_empty() {
                return;
            }
            let failures = inbound::process(&self.app.inbound, &due).await.failures;
            assert!(failures.is_empty(), "{failures:?}");
        }
    }

    pub async fn due(&self, limit: usize) -> Vec<RawEventId> {
        const SQL: &str = "SELECT id FROM raw_events WHERE state = 'pending' ORDER BY id LIMIT $1";
        let rows: Vec<(RawEventId,)> = self.app.db.sql(SQL, (limit as i64,)).all().await.unwrap();
        rows.into_iter().map(|(id,)| id).collect()
    }

    /// Stores and processes one webhook.
    pub async fn receive(&self, body: &serde_json::Value) -> RawEventId {
        let id = self.store(body.to_string()).await;
        self.process_all(64).await;
        id
    }

    /// The same parts under another configuration.
    pub fn configured(&self, change: impl FnOnce(&mut Config)) -> App {
        self.rebuilt(|parts| change(&mut parts.config))
    }

    /// The application with a part of it replaced; it shares the rest.
    pub fn rebuilt(&self, change: impl FnOnce(&mut Foundation)) -> App {
        let mut foundation = self.foundation.clone();
        change(&mut foundation);
        App::new(foundation).0
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let (count,): (i64,) = self.app.db.sql(sql, ()).one().await.unwrap();
        count
    }

    pub fn advance(&self, by: TimeDelta) {
        self.app.clock.advance(by);
    }
}

pub fn config(url: &str) -> Config {
    let mut environment = <Environment as clap::Parser>::try_parse_from(std::iter::empty::<&str>()).unwrap();
    environment.database_url = url.to_owned();
    environment.redis_url = None;
    environment.master_key = Some(Keyring::generate());
    environment.app_secrets = Some(APP_SECRET.to_owned());
    environment.verify_token = Some("verify-me".to_owned());
    environment.api_rate = "100000".to_owned();
    environment.admin_token = Some("operator-token-for-tests".to_owned());
    environment
        .check(Purpose::Serve)
        .expect("the configuration of the tests is valid")
}
