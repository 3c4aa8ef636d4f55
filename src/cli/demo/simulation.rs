//! Runs the simulation.

use std::{
    fmt, io,
    time::{Duration, Instant},
};

use anyhow::Context;
use mainstay_sim::{Clock as SimClock, Echo, Fault, FaultRule, Manners, SimConfig, Simulator, StatusPolicy};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{Args, DemoOutput, DemoSetup, address, responder::AutoResponder, setup, summary::Summary};
use crate::{
    clock::first_uuid_at,
    process,
    records::tally::{self, Tally},
};

/// Time limit for the server to listen, and for stored webhooks to be processed at the end.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// The latter limit after Ctrl-C.
const SETTLE_LIMIT_AFTER_SIGNAL: Duration = Duration::from_secs(3);
/// Polling interval.
const POLL: Duration = Duration::from_millis(50);

/// Lets customers write until stopped, waits until stored webhooks are processed, and returns the summary.
pub async fn run(args: &Args, setup: &DemoSetup, output: &mut DemoOutput) -> anyhow::Result<Summary> {
    let simulator = Simulator::new(sim_config(args, setup))?;
    let control = setup.simulator.try_clone()?;
    control.set_nonblocking(true)?;
    let control = TcpListener::from_std(control)?;
    wait_until_listening(&simulator).await?;
    if args.rude {
        inject_faults(&simulator);
    }
    let addresses = Addresses::of(setup)?;
    output.print(&addresses.to_string(), &addresses)?;

    let since = first_uuid_at(setup.clock.now());
    let stop = CancellationToken::new();
    let running = async {
        let stopped = async {
            let stopped = stopped(args.lasting).await;
            stop.cancel();
            stopped
        };
        let responder = async {
            let answered = async { AutoResponder::start(setup).await?.run(&stop).await }.await;
            if answered.is_err() {
                stop.cancel();
            }
            answered.context("customers could not be answered")
        };
        let (_, shown, stopped, answered) = tokio::join!(
            simulator.run(stop.cancelled()),
            progress(setup, output, &simulator, &stop),
            stopped,
            responder
        );
        shown.and(answered)?;
        let patience = match stopped? {
            Stopped::ByTime => SETTLE_LIMIT,
            Stopped::BySignal => SETTLE_LIMIT_AFTER_SIGNAL,
        };
        settle(setup, output, &simulator, patience).await
    };
    tokio::select! {
        shown = running => shown?,
        served = simulator.serve(control) => served.context("the simulator ended")?,
    }
    output.end_line()?;
    Summary::compare_with(&simulator.ledger(), setup, since).await
}

fn sim_config(args: &Args, setup: &DemoSetup) -> SimConfig {
    SimConfig {
        callback_url: format!("{}/webhooks/whatsapp", setup.url()),
        app_secret: setup.secrets.app_secret.clone(),
        verify_token: setup.secrets.verify_token.clone(),
        // A new seed for each start, or all its messages would be known already.
        seed: setup.clock.now().timestamp_micros().unsigned_abs(),
        customers: usize::from(args.customers),
        rate_per_second: args.rate,
        clock: SimClock::Wall,
        manners: if args.rude { Manners::rude() } else { Manners::polite() },
        ..setup::sim_config()
    }
}

/// Sends statuses in any order, twice and late, and loses some answers to sends.
fn inject_faults(simulator: &Simulator) {
    let graph = simulator.graph();
    graph.set_statuses(StatusPolicy {
        echo: Echo::Always,
        ..StatusPolicy::rude()
    });
    for fault in [Fault::Lost { accepted: true }, Fault::error(130_429)] {
        graph.inject(FaultRule {
            rate: 0.02,
            ..FaultRule::new(fault)
        });
    }
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

enum Stopped {
    ByTime,
    /// Ctrl-C or SIGTERM.
    BySignal,
}

async fn stopped(lasting: Option<Duration>) -> anyhow::Result<Stopped> {
    let over = async {
        match lasting {
            Some(lasting) => sleep(lasting).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        signal = process::wait_for_signal() => signal.map(|_| Stopped::BySignal),
        () = over => Ok(Stopped::ByTime),
    }
}

async fn progress(
    setup: &DemoSetup,
    output: &mut DemoOutput,
    simulator: &Simulator,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => output.progress(&line(setup, simulator, &tally::tally(setup.db.reader()).await?))?,
        }
    }
}

fn line(setup: &DemoSetup, simulator: &Simulator, tally: &Tally) -> String {
    let lag = tally
        .oldest_waiting_at
        .map_or(0, |oldest| (setup.clock.now() - oldest).num_milliseconds());
    format!(
        "stored {}  processed {}  waiting {}  set aside {}  lag {:.1} s  conversations {}  messages {}  answered {}",
        tally.stored,
        tally.stored - tally.waiting - tally.set_aside,
        tally.waiting,
        tally.set_aside,
        lag.max(0) as f64 / 1e3,
        tally.conversations,
        tally.messages,
        simulator.graph().accepted()
    )
}

/// Waits until no stored webhook is waiting, every answer is sent and all its statuses are reported, or until the time limit. What is
/// waiting then stays queued.
async fn settle(
    setup: &DemoSetup,
    output: &mut DemoOutput,
    simulator: &Simulator,
    patience: Duration,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let untold = simulator.graph().untold();
        let tally = tally::tally(setup.db.reader()).await?;
        let settled = tally.waiting + tally.unsent == 0 && untold == 0;
        if settled || begun.elapsed() > patience {
            return Ok(output.progress(&line(setup, simulator, &tally))?);
        }
        sleep(POLL).await;
    }
}

/// The URLs and keys of the running demo.
#[derive(Serialize)]
struct Addresses {
    url: String,
    webhook: String,
    api: String,
    docs: String,
    admin: String,
    metrics: String,
    health: String,
    simulator: String,
    admin_token: String,
    api_key: String,
    #[serde(skip)]
    other_port: bool,
}

impl Addresses {
    fn of(setup: &DemoSetup) -> io::Result<Self> {
        let url = setup.url();
        Ok(Self {
            webhook: format!("{url}/webhooks/whatsapp"),
            api: format!("{url}/api/v1"),
            docs: format!("{url}/api/docs"),
            admin: format!("{url}/admin"),
            metrics: format!("{url}/metrics"),
            health: format!("{url}/health"),
            simulator: address::reachable(setup.simulator.local_addr()?),
            admin_token: setup.secrets.admin_token.clone(),
            api_key: setup.api_key.clone(),
            other_port: !setup.is_requested_port,
            url,
        })
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.other_port {
            writeln!(f, "The requested port is in use; this is on a free one.")?;
        }
        writeln!(
            f,
            "Mainstay is running, and customers are writing. Press Ctrl-C to stop.\n"
        )?;
        for (name, value) in [
            ("documentation", &self.docs),
            ("API", &self.api),
            ("admin", &self.admin),
            ("health", &self.health),
            ("metrics", &self.metrics),
            ("webhook", &self.webhook),
            ("simulator", &self.simulator),
            ("API key", &self.api_key),
            ("admin token", &self.admin_token),
        ] {
            writeln!(f, "  {name:<14} {value}")?;
        }
        let Self {
            api,
            admin,
            simulator,
            api_key,
            admin_token,
            ..
        } = self;
        writeln!(f, "\nLook around:")?;
        writeln!(f, "  curl -H 'Authorization: Bearer {api_key}' {api}/conversations")?;
        writeln!(f, "  curl -H 'Authorization: Bearer {admin_token}' {admin}/queues")?;
        writeln!(f, "Be a customer:")?;
        let message = r#"{"customer": 0, "text": "Is anybody there?"}"#;
        writeln!(
            f,
            "  curl {simulator}/_sim/messages -H 'Content-Type: application/json' -d '{message}'"
        )
    }
}
