//! The server under test, and the setup of its database.

use std::io::Write as _;

use anyhow::ensure;
use serde_json::json;

use super::{
    super::CommandOutput,
    webhook::{NUMBER, SECRET, WABA},
};
use crate::{
    clock::Clock,
    config::{Config, Environment, Purpose, Secret},
    crypto::Keyring,
    domain::Ctx,
    process::{self, Roles, Storing},
    records::tenants,
    tenancy::{self, NewChannel, TenantService},
};

const TENANT: &str = "benchmark";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Check signatures and answer, but store nothing.
    #[arg(long)]
    verify_only: bool,
    #[arg(long)]
    api: bool,
    #[arg(long)]
    worker: bool,
    /// Port to listen on; a free one if 0.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Serves, prints the address on the first line, and runs until a signal.
pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    let roles = Roles {
        api: args.api,
        worker: args.worker,
    };
    let mut config = config()?;
    config.listen.set_port(args.port);
    let storing = if args.verify_only { Storing::Off } else { Storing::On };
    let running = process::start_with(config, roles, Clock::default(), storing).await?;
    let address = running.address.map(|address| address.to_string()).unwrap_or_default();
    println!("{address}");
    std::io::stdout().flush()?;
    process::wait_for_signal().await?;
    running.stop().await;
    CommandOutput::with_text(&json!({ "ended": true }), String::new())
}

/// Returns the configuration of a benchmark: the environment's database and queue, and fixed values for the rest.
pub fn config() -> anyhow::Result<Config> {
    let mut environment = Environment::read()?;
    environment.host = "127.0.0.1".to_owned();
    environment.port = "0".to_owned();
    environment.worker_port = None;
    environment.metrics_listen = None;
    // The benchmark's secrets protect nothing: any fixed key works.
    environment.master_key = Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned());
    environment.app_secrets = Some(SECRET.to_owned());
    environment.api_rate = "100000".to_owned();
    environment.log_filter = "error".to_owned();
    Ok(environment.check(Purpose::Serve)?)
}

/// Returns the name of the measured size.
pub fn size(is_postgres: bool) -> &'static str {
    if is_postgres { "PostgreSQL + Redis" } else { "SQLite" }
}

/// Creates the benchmark's tenant and channel, in a database that holds no other.
pub async fn prepare(config: &Config) -> anyhow::Result<TenantService> {
    let db = crate::db::Db::open(&config.database_url, 4).await?;
    db.migrate().await?;
    let tenants = tenants::all(db.writer()).await?;
    ensure!(
        tenants.iter().all(|tenant| tenant.name == TENANT),
        "DATABASE_URL: the database holds tenants; a benchmark needs a database of its own"
    );
    let keyring: Keyring = config.keyring.clone();
    let registry = TenantService {
        db,
        clock: Clock::default(),
        keyring,
    };
    let tenant = match tenants.into_iter().next() {
        Some(tenant) => tenant,
        None => tenancy::create_tenant(&registry, TENANT).await?.0,
    };
    let channel = NewChannel {
        phone_number_id: NUMBER.to_owned(),
        waba_id: WABA.to_owned(),
        access_token: Secret::new("none"),
        app_secret: None,
    };
    tenancy::add_channel(&registry, &Ctx::operator(tenant.id), channel).await?;
    Ok(registry)
}
