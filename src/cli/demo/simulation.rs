//! Runs the simulation.

use std::time::{Duration, Instant};

use anyhow::Context;
use mainstay_sim::{SimConfig, Simulator};
use tokio::{
    net::TcpListener,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{Args, DemoSetup, LiveOutput, campaign::DemoCampaign, setup, summary::Summary, welcome::Welcome};
use crate::{
    cli::{
        api_client::ApiClient,
        listen::EventForwarder,
        simulated_meta::{self, AutoResponder, Hello, RunEnd, hello, stopped},
    },
    clock::first_uuid_at,
    config::Secret,
    records::tally::{self, Tally},
};

/// Time limit for the server to listen, and for stored webhooks to be processed at the end.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// The latter limit after Ctrl-C.
const SETTLE_LIMIT_AFTER_SIGNAL: Duration = Duration::from_secs(3);
/// Polling interval.
const POLL: Duration = Duration::from_millis(50);

/// Lets customers write until stopped, waits until stored webhooks are processed, and returns the summary.
pub async fn run(args: &Args, setup: &DemoSetup, output: &LiveOutput) -> anyhow::Result<Summary> {
    let simulator = Simulator::new(sim_config(args, setup))?;
    let control = setup.simulator.try_clone()?;
    control.set_nonblocking(true)?;
    let control = TcpListener::from_std(control)?;
    wait_until_listening(&simulator).await?;
    args.customers.inject_faults(&simulator);
    let since = first_uuid_at(setup.clock.now());
    let api = ApiClient::new(&setup.url(), Secret::new(setup.api_key.as_str()))?;
    let program = Program::start(args, setup, api.clone()).await?;

    let stop = CancellationToken::new();
    let running = async {
        let hello = welcome(setup, &simulator).await?;
        // Whoever has events passed on gets those of what they do themselves.
        let campaign = match args.forward {
            None => Some(DemoCampaign::begin(api, setup).await.context("the campaign")?),
            Some(_) => None,
        };
        let welcome = Welcome::of(setup, hello.as_ref(), program.forwarder(), campaign.as_ref())?;
        output.print(&welcome)?;
        let stopped = async {
            let stopped = stopped(args.customers.lasting).await;
            stop.cancel();
            stopped
        };
        let answered = async {
            let answered = program.run(output, &stop).await;
            if answered.is_err() {
                stop.cancel();
            }
            answered
        };
        let (_, shown, stopped, answered) = tokio::join!(
            simulator.run(stop.cancelled()),
            progress(setup, output, &simulator, campaign.as_ref(), &stop),
            stopped,
            answered
        );
        shown.and(answered)?;
        if let Some(campaign) = &campaign {
            campaign.rest().await?;
        }
        let patience = match stopped? {
            RunEnd::ByTime => SETTLE_LIMIT,
            RunEnd::BySignal => SETTLE_LIMIT_AFTER_SIGNAL,
        };
        settle(setup, output, &simulator, campaign.as_ref(), patience).await
    };
    tokio::select! {
        shown = running => shown?,
        served = simulator.serve(control) => served.context("the simulator ended")?,
    }
    output.end_line()?;
    Summary::compare_with(&simulator.ledger(), setup, since).await
}

fn sim_config(args: &Args, setup: &DemoSetup) -> SimConfig {
    let config = SimConfig {
        callback_url: format!("{}/webhooks/whatsapp", setup.url()),
        app_secret: setup.secrets.app_secret.clone(),
        verify_token: setup.secrets.verify_token.clone(),
        ..simulated_meta::forgetful(setup::sim_config())
    };
    args.customers.configure(&setup.clock, config)
}

/// Registers the webhook as Meta would, which also shows that the server listens.
async fn wait_until_listening(simulator: &Simulator) -> anyhow::Result<()> {
    let begun = Instant::now();
    while let Err(error) = simulator.verify_callback().await {
        if begun.elapsed() > SETTLE_LIMIT {
            return Err(error.context("the server did not answer Meta's handshake"));
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// Lets a customer write, and waits until the message is in a conversation: whoever sends to that customer then finds an open service window.
async fn welcome(setup: &DemoSetup, simulator: &Simulator) -> anyhow::Result<Option<Hello>> {
    let Some(hello) = hello(simulator) else {
        return Ok(None);
    };
    simulator.deliver(hello.webhook.clone()).await;
    let begun = Instant::now();
    let wamids = [hello.wamid.as_str()];
    while tally::known_messages(setup.db.reader(), setup.tenant, setup.channel, &wamids)
        .await?
        .is_empty()
    {
        anyhow::ensure!(begun.elapsed() < SETTLE_LIMIT, "the first message was not processed");
        sleep(POLL).await;
    }
    Ok(Some(hello))
}

/// The program that answers the customers: the demo's own, or the one that events are passed on to.
enum Program {
    Own(AutoResponder),
    Forwarded(Box<EventForwarder>),
}

impl Program {
    async fn start(args: &Args, setup: &DemoSetup, api: ApiClient) -> anyhow::Result<Self> {
        Ok(match &args.forward {
            None => Self::Own(AutoResponder::start(api, setup.channel.to_string()).await?),
            Some(url) => {
                let secret = Secret::new(setup.webhook_secret.as_str());
                let forwarder = EventForwarder::start(api, url, &args.forwarding, Some(&secret)).await?;
                Self::Forwarded(Box::new(forwarder))
            }
        })
    }

    fn forwarder(&self) -> Option<&EventForwarder> {
        match self {
            Self::Own(_) => None,
            Self::Forwarded(forwarder) => Some(forwarder),
        }
    }

    async fn run(self, output: &LiveOutput, stop: &CancellationToken) -> anyhow::Result<()> {
        match self {
            Self::Own(responder) => responder.run(stop).await.context("customers could not be answered"),
            Self::Forwarded(mut forwarder) => {
                let ended = stop.run_until_cancelled(forwarder.run(output)).await;
                let after = forwarder.after();
                output.note(format!(
                    "events up to {after} were passed on; go on with --after {after}"
                ))?;
                ended.unwrap_or(Ok(()))
            }
        }
    }
}

async fn progress(
    setup: &DemoSetup,
    output: &LiveOutput,
    simulator: &Simulator,
    campaign: Option<&DemoCampaign>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {
                let tally = tally::tally(setup.db.reader()).await?;
                output.progress(&line(setup, simulator, &tally, campaign).await?)?;
            }
        }
    }
}

async fn line(
    setup: &DemoSetup,
    simulator: &Simulator,
    tally: &Tally,
    campaign: Option<&DemoCampaign>,
) -> anyhow::Result<String> {
    let progress = match campaign {
        Some(campaign) => campaign.progress().await?,
        None => String::new(),
    };
    let lag = tally
        .oldest_waiting_at
        .map_or(0, |oldest| (setup.clock.now() - oldest).num_milliseconds());
    Ok(format!(
        "stored {}  processed {}  waiting {}  set aside {}  lag {:.1} s  conversations {}  messages {}  sent {}{progress}",
        tally.stored,
        tally.stored - tally.waiting - tally.set_aside,
        tally.waiting,
        tally.set_aside,
        lag.max(0) as f64 / 1e3,
        tally.conversations,
        tally.messages,
        simulator.graph().accepted()
    ))
}

/// Waits until no stored webhook is waiting, every answer is sent and all its statuses are reported, or until the time limit. What is
/// waiting then stays queued.
async fn settle(
    setup: &DemoSetup,
    output: &LiveOutput,
    simulator: &Simulator,
    campaign: Option<&DemoCampaign>,
    patience: Duration,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let untold = simulator.graph().untold();
        let tally = tally::tally(setup.db.reader()).await?;
        let settled = tally.waiting + tally.unsent == 0 && untold == 0;
        if settled || begun.elapsed() > patience {
            return Ok(output.progress(&line(setup, simulator, &tally, campaign).await?)?);
        }
        sleep(POLL).await;
    }
}
