//! Prepares the database, the tenant and the channel of the demo.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
};

use anyhow::{Context, anyhow};

use super::{Args, contacts, secrets::DemoSecrets};
use crate::{
    cli::{operator, simulated_meta::address},
    clock::Clock,
    config::{Config, Environment, Purpose, Secret},
    contacts::ContactService,
    crypto::{ApiToken, WebhookSecret},
    db::Db,
    domain::{ChannelId, Ctx, Scopes, TenantId},
    queue::Queues,
    records::{api_keys, tenants},
    tenancy::{self, NewChannel, TenantService},
};

const TENANT: &str = "Demo";
/// The preferred port of the simulator.
const SIMULATOR_PORT: u16 = 8090;
/// What endpoints may lead to although it is not public: this machine, where whoever tries the demo has the receiving program.
const LOOPBACK: &str = "127.0.0.0/8,::1/128";

/// Everything the demo needs to run.
pub(crate) struct DemoSetup {
    pub config: Config,
    pub secrets: DemoSecrets,
    pub db: Db,
    pub clock: Clock,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub api_key: String,
    /// Signs the events that are passed on.
    pub webhook_secret: String,
    /// The listener of the simulator's control API; bound early, so that nobody else takes the port.
    pub simulator: TcpListener,
    /// Whether the server has the requested port.
    pub is_requested_port: bool,
}

/// Returns the simulator's default configuration, with its ids.
pub(crate) fn sim_config() -> mainstay_sim::SimConfig {
    mainstay_sim::SimConfig::default()
}

impl DemoSetup {
    pub async fn set(args: &Args) -> anyhow::Result<Self> {
        let (server, is_requested_port) = address::bind(&args.host, args.port)?;
        let (simulator, _) = address::bind("127.0.0.1", SIMULATOR_PORT)?;
        let mut secrets = DemoSecrets::open(&args.data)?;
        let config = config(args, &secrets, server.local_addr()?, simulator.local_addr()?)?;
        let db = operator::open(&config).await?;
        db.migrate().await.context("a migration failed")?;
        let registry = TenantService {
            db: db.clone(),
            clock: Clock::default(),
            keyring: config.keyring.clone(),
        };
        let tenant = tenant(&registry, &mut secrets).await?;
        let channel = channel(&registry, tenant, &args.data).await?;
        let service = ContactService {
            db: db.clone(),
            clock: registry.clock.clone(),
            queues: Queues::in_memory(registry.clock.clone()),
        };
        contacts::seed(&service, tenant).await?;
        let api_key = api_key(&registry, tenant, &mut secrets).await?;
        let webhook_secret = secrets
            .webhook_secret
            .get_or_insert_with(|| WebhookSecret::generate().expose().to_owned())
            .clone();
        secrets.save(&args.data)?;
        // Released only now, so that the port stays free for the process that will listen there.
        drop(server);
        Ok(Self {
            config,
            secrets,
            db,
            clock: registry.clock,
            tenant,
            channel,
            api_key,
            webhook_secret,
            simulator,
            is_requested_port,
        })
    }

    pub fn url(&self) -> String {
        address::reachable(self.config.listen)
    }
}

/// Builds the configuration: the environment may set limits and retention, the rest is fixed here.
fn config(args: &Args, secrets: &DemoSecrets, listen: SocketAddr, simulator: SocketAddr) -> anyhow::Result<Config> {
    let mut environment = Environment::read()?;
    // In the URI of the database these two characters have a meaning.
    let file = args
        .data
        .join("demo.db")
        .display()
        .to_string()
        .replace('%', "%25")
        .replace('?', "%3F");
    environment.database_url = format!("sqlite://{file}");
    environment.redis_url = None;
    environment.host = listen.ip().to_string();
    environment.port = listen.port().to_string();
    environment.master_key = Some(secrets.master_key.clone());
    environment.admin_token = Some(secrets.admin_token.clone());
    environment.app_secrets = Some(secrets.app_secret.clone());
    environment.verify_token = Some(secrets.verify_token.clone());
    environment.graph_base_url = address::reachable(simulator);
    environment.egress_http = "allow".to_owned();
    environment.egress_networks = Some(match environment.egress_networks.take() {
        Some(networks) => format!("{networks},{LOOPBACK}"),
        None => LOOPBACK.to_owned(),
    });
    environment.log_filter = args.log.clone();
    Ok(environment.check(Purpose::Serve)?)
}

async fn tenant(registry: &TenantService, secrets: &mut DemoSecrets) -> anyhow::Result<TenantId> {
    if let Some(tenant) = tenants::find_by_name(registry.db.writer(), TENANT).await? {
        return Ok(tenant.id);
    }
    let (tenant, key) = tenancy::create_tenant(registry, TENANT).await?;
    secrets.api_key = Some(key.token.expose().to_owned());
    Ok(tenant.id)
}

async fn channel(registry: &TenantService, tenant: TenantId, data: &Path) -> anyhow::Result<ChannelId> {
    let sim = sim_config();
    let new = NewChannel {
        phone_number_id: sim.phone_number_id,
        waba_id: sim.waba_id,
        access_token: Secret::new(sim.graph.access_token),
        app_secret: None,
    };
    match tenancy::add_channel(registry, &Ctx::operator(tenant), new).await {
        Ok(added) => Ok(added.id),
        Err(error @ tenancy::TenancyError::KeyUnavailable) => {
            let cure = format!(
                "demo.json and demo.db in {} do not belong together: remove both",
                data.display()
            );
            Err(anyhow!(error).context(cure))
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the API key of the last start if it is still live, or a new one.
async fn api_key(registry: &TenantService, tenant: TenantId, secrets: &mut DemoSecrets) -> anyhow::Result<String> {
    if let Some(key) = &secrets.api_key {
        let found = api_keys::find_live(registry.db.writer(), ApiToken::digest(key)).await?;
        if found.is_some_and(|found| found.tenant_id == tenant) {
            return Ok(key.clone());
        }
    }
    let made = tenancy::create_api_key(registry, &Ctx::operator(tenant), "demo", &Scopes::all()).await?;
    let key = made.token.expose().to_owned();
    secrets.api_key = Some(key.clone());
    Ok(key)
}
