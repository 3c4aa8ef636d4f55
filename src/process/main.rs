//! The `main` of the binaries that serve.

use std::process::ExitCode;

use super::Roles;
use crate::{
    config::{Config, Environment, Purpose},
    crypto, permissions, telemetry,
};

/// Runs one role as a program of its own, whose only arguments are `--help` and `--version`.
pub fn main(name: &'static str, about: &'static str, purpose: Purpose, roles: Roles) -> ExitCode {
    permissions::set_private_umask();
    let variables: Vec<String> = Environment::variables()
        .into_iter()
        .map(|(name, help, _)| format!("  {name}: {help}"))
        .collect();
    let command = clap::Command::new(name).about(about).version(env!("CARGO_PKG_VERSION"));
    command
        .after_help(format!("Environment:\n{}", variables.join("\n")))
        .get_matches();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(serve(name, purpose, roles)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Loads the configuration, starts logging, and runs until a signal.
pub async fn serve(name: &'static str, purpose: Purpose, roles: Roles) -> anyhow::Result<()> {
    crypto::install_tls();
    let config = Config::load(purpose)?;
    let telemetry = telemetry::init(&config.telemetry, name)?;
    if let Some(exposed) = Environment::exposure() {
        tracing::warn!("{exposed}: let its owner alone read it (chmod 600 .env)");
    }
    let ended = super::run(config, roles).await;
    drop(telemetry);
    ended
}
