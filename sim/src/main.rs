//! Runs the simulator by itself against a callback URL.

use clap::Parser;
use mainstay_sim::{Clock, GraphConfig, Manners, SimConfig, Simulator, StatusPolicy};
use tokio::net::TcpListener;

/// Plays Meta: customers write to a callback URL until Ctrl-C.
#[derive(Parser)]
#[command(version)]
struct Flags {
    #[arg(
        long,
        env = "SIM_CALLBACK_URL",
        default_value = "http://127.0.0.1:8080/webhooks/whatsapp"
    )]
    callback_url: String,
    #[arg(long, env = "SIM_APP_SECRET", hide_env_values = true)]
    app_secret: String,
    #[arg(long, env = "SIM_VERIFY_TOKEN", hide_env_values = true)]
    verify_token: String,
    #[arg(long, env = "SIM_WABA_ID")]
    waba_id: String,
    #[arg(long, env = "SIM_PHONE_NUMBER_ID")]
    phone_number_id: String,
    /// Digits without `+`.
    #[arg(long, env = "SIM_DISPLAY_PHONE_NUMBER", default_value = "12065550142")]
    display_phone_number: String,
    #[arg(long, env = "SIM_SEED", default_value_t = 1)]
    seed: u64,
    #[arg(long, env = "SIM_CUSTOMERS", default_value_t = 20)]
    customers: usize,
    /// Webhooks per second.
    #[arg(long, env = "SIM_RATE", default_value_t = 1.0)]
    rate: f64,
    /// Duplicates, disorder, batches, forgeries and lost answers.
    #[arg(long, env = "SIM_RUDE")]
    rude: bool,
    /// Opens the Graph API.
    #[arg(
        long,
        env = "SIM_ACCESS_TOKEN",
        default_value = "simulated-access-token",
        hide_env_values = true
    )]
    access_token: String,
    /// Where the Graph API and the control interface listen.
    #[arg(long, env = "SIM_LISTEN", default_value = "127.0.0.1:8090")]
    listen: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let listener = TcpListener::bind(&flags.listen).await?;
    let simulator = Simulator::new(SimConfig {
        callback_url: flags.callback_url,
        app_secret: flags.app_secret,
        verify_token: flags.verify_token,
        waba_id: flags.waba_id,
        phone_number_id: flags.phone_number_id,
        display_phone_number: flags.display_phone_number,
        seed: flags.seed,
        customers: flags.customers,
        rate_per_second: flags.rate,
        clock: Clock::Wall,
        manners: if flags.rude { Manners::rude() } else { Manners::polite() },
        graph: GraphConfig {
            access_token: flags.access_token,
            statuses: if flags.rude {
                StatusPolicy::rude()
            } else {
                StatusPolicy::default()
            },
            ..GraphConfig::default()
        },
        ..SimConfig::default()
    })?;
    simulator.verify_callback().await?;
    tokio::select! {
        served = simulator.serve(listener) => served?,
        delivered = simulator.run(tokio::signal::ctrl_c()) => println!("{delivered:?}"),
    }
    println!("{}", serde_json::to_string_pretty(&simulator.ledger().totals)?);
    Ok(())
}
