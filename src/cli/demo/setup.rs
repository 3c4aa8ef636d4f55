use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
};

use anyhow::{Context, anyhow};

use super::{Args, address, keepsake::Keepsake};
use crate::{
    cli::operator,
    clock::Clock,
    config::{Config, Environment, Purpose, Secret},
    crypto::Token,
    db::Db,
    domain::{ChannelId, Scopes, TenantId},
    records::{api_keys, tenants},
    tenancy::{self, NewChannel, TenantService},
};

const TENANT: &str = "Demo";
/// Where the simulator listens unless somebody else does.
const SIMULATOR_PORT: u16 = 8090;

/// Everything the show needs, ready to begin.
pub struct Stage {
    pub config: Config,
    pub keepsake: Keepsake,
    pub db: Db,
    pub clock: Clock,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub api_key: String,
    /// Where the simulator takes orders; held from now on, so that nobody else takes it.
    pub simulator: TcpListener,
    /// Whether the server has the port it was to have.
    pub port_as_wished: bool,
}

/// The ids the simulator uses unless told otherwise.
pub fn sim_config() -> mainstay_sim::SimConfig {
    mainstay_sim::SimConfig::default()
}

impl Stage {
    pub async fn set(args: &Args) -> anyhow::Result<Self> {
        let (server, port_as_wished) = address::bind(&args.host, args.port)?;
        let (simulator, _) = address::bind("127.0.0.1", SIMULATOR_PORT)?;
        let mut keepsake = Keepsake::open(&args.data)?;
        let config = config(args, &keepsake, server.local_addr()?, simulator.local_addr()?)?;
        let db = operator::open(&config).await?;
        db.migrate().await.context("a migration did not go through")?;
        let registry = TenantService {
            db: db.clone(),
            clock: Clock::default(),
            keyring: config.keyring.clone(),
        };
        let tenant = tenant(&registry, &mut keepsake).await?;
        let channel = channel(&registry, tenant, &args.data).await?;
        let api_key = api_key(&registry, tenant, &mut keepsake).await?;
        keepsake.save(&args.data)?;
        // Until now, so that the port stays free for the process that will listen there.
        drop(server);
        Ok(Self {
            config,
            keepsake,
            db,
            clock: registry.clock,
            tenant,
            channel,
            api_key,
            simulator,
            port_as_wished,
        })
    }

    pub fn url(&self) -> String {
        address::reachable(self.config.listen)
    }
}

/// The environment may still set limits and retention; what makes the demo a demo is said here.
fn config(args: &Args, keepsake: &Keepsake, listen: SocketAddr, simulator: SocketAddr) -> anyhow::Result<Config> {
    let mut environment = Environment::read()?;
    // The address is read as a URI, in which these two would mean something.
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
    environment.master_key = Some(keepsake.master_key.clone());
    environment.admin_token = Some(keepsake.admin_token.clone());
    environment.app_secrets = Some(keepsake.app_secret.clone());
    environment.verify_token = Some(keepsake.verify_token.clone());
    environment.graph_base_url = address::reachable(simulator);
    environment.log_filter = args.log.clone();
    Ok(environment.check(Purpose::Serve)?)
}

async fn tenant(registry: &TenantService, keepsake: &mut Keepsake) -> anyhow::Result<TenantId> {
    if let Some(tenant) = tenants::find_by_name(&registry.db, TENANT).await? {
        return Ok(tenant.id);
    }
    let (tenant, key) = tenancy::create_tenant(registry, TENANT).await?;
    keepsake.api_key = Some(key.token.expose().to_owned());
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
    match tenancy::add_channel(registry, tenant, new).await {
        Ok(added) => Ok(added.id),
        Err(error @ tenancy::RegistryError::KeyLost) => {
            let cure = format!(
                "demo.json and demo.db in {} do not belong together: remove both",
                data.display()
            );
            Err(anyhow!(error).context(cure))
        }
        Err(error) => Err(error.into()),
    }
}

/// The key of the last start if it still opens, or a new one.
async fn api_key(registry: &TenantService, tenant: TenantId, keepsake: &mut Keepsake) -> anyhow::Result<String> {
    if let Some(key) = &keepsake.api_key {
        let found = api_keys::find_live(&registry.db, Token::digest(key)).await?;
        if found.is_some_and(|found| found.tenant_id == tenant) {
            return Ok(key.clone());
        }
    }
    let made = tenancy::create_api_key(registry, tenant, "demo", &Scopes::all()).await?;
    let key = made.token.expose().to_owned();
    keepsake.api_key = Some(key.clone());
    Ok(key)
}
