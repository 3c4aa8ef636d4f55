//! `mainstay simulate`: Meta's side, simulated for a server of one's own.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use mainstay_sim::{GraphConfig, SimConfig, Simulator};
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpListener,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    CommandOutput, LiveOutput,
    api_client::{ApiArgs, ApiCallError, ApiClient},
    simulated_meta::{self, AutoResponder, CustomerArgs, address, stopped},
};
use crate::clock::Clock;

/// How often something is asked that is not there yet.
const POLL: Duration = Duration::from_millis(500);

/// Plays Meta towards a running `mainstay serve`: its Graph API, customers who write, and webhooks. Prints what to set.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the server takes webhooks.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/webhooks/whatsapp")]
    webhook_url: String,
    #[command(flatten)]
    customers: CustomerArgs,
    /// Address on which the simulated Graph API listens.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port on which it listens.
    #[arg(long, default_value = "8090")]
    port: u16,
    /// What signs the webhooks: one of META_APP_SECRETS.
    #[arg(long, default_value = "simulated-app-secret")]
    app_secret: String,
    /// What the handshake carries: META_VERIFY_TOKEN.
    #[arg(long, default_value = "simulated-verify-token")]
    verify_token: String,
    /// Meta's id of the simulated phone number.
    #[arg(long, default_value = "117700456123987")]
    phone_number_id: String,
    /// Meta's id of the simulated WhatsApp Business Account.
    #[arg(long, default_value = "208813345671290")]
    waba_id: String,
    /// Answer the customers through the API at --api with --api-key, as the demo does.
    #[arg(long)]
    answer: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// Runs until Ctrl-C, or for as long as was asked.
pub async fn run(args: Args, json: bool) -> anyhow::Result<CommandOutput> {
    let api = args.answer.then(|| args.api.client()).transpose()?;
    let output = LiveOutput::new(json);
    let listen = SocketAddr::new(args.host, args.port);
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}: choose another port with --port"))?;
    let graph_url = address::reachable(listener.local_addr()?);
    let simulator = Simulator::new(sim_config(&args, &graph_url))?;
    args.customers.inject_faults(&simulator);
    output.print(&Settings::of(&args, graph_url))?;
    let stop = CancellationToken::new();
    let ended = async {
        let ended = stopped(args.customers.lasting).await;
        stop.cancel();
        ended.map(drop)
    };
    let customers = async {
        let result = customers(&args, api, &simulator, &output, &stop).await;
        stop.cancel();
        result
    };
    let running = async {
        let (ended, customers) = tokio::join!(ended, customers);
        customers.and(ended)
    };
    tokio::select! {
        ran = running => ran?,
        served = simulator.serve(listener) => served.context("the simulator ended")?,
    }
    output.end_line()?;
    CommandOutput::new(&Simulated::by(&simulator))
}

/// Lets customers write, and be answered, once the server has answered the handshake.
async fn customers(
    args: &Args,
    api: Option<ApiClient>,
    simulator: &Simulator,
    output: &LiveOutput,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    match stop.run_until_cancelled(wait_for_handshake(simulator, output)).await {
        Some(answered) => answered?,
        None => return Ok(()),
    }
    output.note("The server has answered the handshake, and customers are writing. Press Ctrl-C to stop.")?;
    if api.is_none() {
        output.note(
            "Nobody answers them yet: a program of yours may, or --answer with an API key does it as in the demo.",
        )?;
    }
    let answers = async {
        match api {
            Some(api) => answer(api, &args.phone_number_id, output, stop).await,
            None => Ok(()),
        }
    };
    let answers = async {
        let answered = stop.run_until_cancelled(answers).await.unwrap_or(Ok(()));
        if answered.is_err() {
            stop.cancel();
        }
        answered
    };
    let (_, shown, answered) = tokio::join!(
        simulator.run(stop.cancelled()),
        progress(simulator, output, stop),
        answers
    );
    shown.and(answered)
}

fn sim_config(args: &Args, graph_url: &str) -> SimConfig {
    let config = SimConfig {
        callback_url: args.webhook_url.clone(),
        app_secret: args.app_secret.clone(),
        verify_token: args.verify_token.clone(),
        phone_number_id: args.phone_number_id.clone(),
        waba_id: args.waba_id.clone(),
        graph: GraphConfig {
            public_url: Some(graph_url.to_owned()),
            ..GraphConfig::default()
        },
        ..SimConfig::default()
    };
    args.customers
        .configure(&Clock::default(), simulated_meta::forgetful(config))
}

/// Asks until the server answers as Meta wants it, and says what is in the way whenever that changes.
async fn wait_for_handshake(simulator: &Simulator, output: &LiveOutput) -> anyhow::Result<()> {
    let mut said = String::new();
    while let Err(error) = simulator.verify_callback().await {
        let why = match error.to_string() {
            refused if refused.contains("403") => format!("{refused}: is META_VERIFY_TOKEN as printed above?"),
            other => format!("{other}: is the server running there?"),
        };
        if why != said {
            output.note(format!("waiting for {}: {why}", simulator.config().callback_url))?;
            said = why;
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// The part of `GET /channels` that is needed.
#[derive(Deserialize)]
struct ListedChannels {
    data: Vec<ListedChannel>,
}

#[derive(Deserialize)]
struct ListedChannel {
    id: String,
    phone_number_id: String,
}

/// Answers the customers once the number is a channel.
async fn answer(
    api: ApiClient,
    phone_number_id: &str,
    output: &LiveOutput,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut said = false;
    let channel = loop {
        match api.get::<ListedChannels>("/channels?limit=200").await {
            Ok(channels) => {
                let mut channels = channels.data.into_iter();
                if let Some(channel) = channels.find(|channel| channel.phone_number_id == phone_number_id) {
                    break channel.id;
                }
                if !std::mem::replace(&mut said, true) {
                    output.note("Customers are answered once the channel is added.")?;
                }
            }
            Err(ApiCallError::Unavailable(_)) => {}
            Err(refused) => return Err(refused.into()),
        }
        sleep(POLL).await;
    };
    let responder = AutoResponder::start(api, channel).await?;
    responder.run(stop).await.context("customers could not be answered")
}

async fn progress(simulator: &Simulator, output: &LiveOutput, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => output.progress(&Simulated::by(simulator).to_string())?,
        }
    }
}

/// What to set, and what to do then.
#[derive(Serialize)]
struct Settings {
    graph_base_url: String,
    app_secret: String,
    verify_token: String,
    phone_number_id: String,
    waba_id: String,
    access_token: String,
    webhook_url: String,
}

impl Settings {
    fn of(args: &Args, graph_base_url: String) -> Self {
        Self {
            graph_base_url,
            app_secret: args.app_secret.clone(),
            verify_token: args.verify_token.clone(),
            phone_number_id: args.phone_number_id.clone(),
            waba_id: args.waba_id.clone(),
            access_token: GraphConfig::default().access_token,
            webhook_url: args.webhook_url.clone(),
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            graph_base_url,
            app_secret,
            verify_token,
            phone_number_id,
            waba_id,
            access_token,
            webhook_url,
        } = self;
        write!(
            f,
            "Meta is simulated at {graph_base_url}, and posts webhooks to {webhook_url}.\n\
             \nSet what the server and the command line need (and MAINSTAY_MASTER_KEY, as ever):\n\
             \n  export GRAPH_BASE_URL={graph_base_url} META_APP_SECRETS={app_secret} META_VERIFY_TOKEN={verify_token} \
             CHANNEL_ACCESS_TOKEN={access_token} PHONE_NUMBER_ID={phone_number_id} WABA_ID={waba_id}\n\
             \nAdd the simulated number once, and start the server:\n\
             \n  mainstay migrate\n  \
             mainstay tenant create Acme\n  \
             mainstay channel add --tenant Acme --phone-number-id $PHONE_NUMBER_ID --waba-id $WABA_ID\n  \
             mainstay serve\n\
             \nBe a customer:\n\
             \n  curl {graph_base_url}/_sim/messages -H 'Content-Type: application/json' -d '{{\"customer\": 0, \"text\": \"Is anybody there?\"}}'\n"
        )
    }
}

/// What was exchanged.
#[derive(Serialize)]
struct Simulated {
    webhooks: u64,
    acknowledged: u64,
    refused: u64,
    unanswered: u64,
    sends: usize,
}

impl Simulated {
    fn by(simulator: &Simulator) -> Self {
        let totals = simulator.totals();
        Self {
            webhooks: totals.bodies_generated,
            acknowledged: totals.bodies_acknowledged,
            refused: totals.refused,
            unanswered: totals.unanswered,
            sends: simulator.graph().accepted(),
        }
    }
}

impl fmt::Display for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            webhooks,
            acknowledged,
            refused,
            unanswered,
            sends,
        } = self;
        write!(
            f,
            "webhooks {webhooks}  acknowledged {acknowledged}  POSTs refused {refused}  unanswered {unanswered}  messages sent {sends}"
        )
    }
}
