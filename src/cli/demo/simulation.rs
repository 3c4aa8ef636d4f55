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

use super::{Args, Screen, Stage, address, clerk::Clerk, stage, summary::Summary};
use crate::{
    clock::first_uuid_at,
    process,
    records::tally::{self, Tally},
};

/// How long the server may take to listen, and what is stored to be processed at the end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of that a person who asked for the end waits for.
const IMPATIENCE: Duration = Duration::from_secs(3);
const GLANCE: Duration = Duration::from_millis(50);

/// Lets customers write until somebody stops it, then waits for what is stored to be processed, and tells what came of it.
pub async fn show(args: &Args, stage: &Stage, screen: &mut Screen) -> anyhow::Result<Summary> {
    let simulator = Simulator::new(sim_config(args, stage))?;
    let control = stage.simulator.try_clone()?;
    control.set_nonblocking(true)?;
    let control = TcpListener::from_std(control)?;
    listening(&simulator).await?;
    if args.rude {
        misbehave(&simulator);
    }
    let addresses = Addresses::of(stage)?;
    screen.tell(&addresses.to_string(), &addresses)?;

    let since = first_uuid_at(stage.clock.now());
    let stop = CancellationToken::new();
    let running = async {
        let stopped = async {
            let stopped = stopped(args.lasting).await;
            stop.cancel();
            stopped
        };
        let clerk = async {
            let answered = async { Clerk::hired(stage).await?.work(&stop).await }.await;
            if answered.is_err() {
                stop.cancel();
            }
            answered.context("customers could not be answered")
        };
        let (_, shown, stopped, answered) = tokio::join!(
            simulator.run(stop.cancelled()),
            progress(stage, screen, &simulator, &stop),
            stopped,
            clerk
        );
        shown.and(answered)?;
        let patience = match stopped? {
            Stopped::ByTime => PATIENCE,
            Stopped::BySignal => IMPATIENCE,
        };
        settle(stage, screen, &simulator, patience).await
    };
    tokio::select! {
        shown = running => shown?,
        served = simulator.serve(control) => served.context("the simulator ended")?,
    }
    screen.end_line()?;
    Summary::draw_up(&simulator.ledger(), stage, since).await
}

fn sim_config(args: &Args, stage: &Stage) -> SimConfig {
    SimConfig {
        callback_url: format!("{}/webhooks/whatsapp", stage.url()),
        app_secret: stage.keepsake.app_secret.clone(),
        verify_token: stage.keepsake.verify_token.clone(),
        // Each start tells another story, or its messages would all be known already.
        seed: stage.clock.now().timestamp_micros().unsigned_abs(),
        customers: usize::from(args.customers),
        rate_per_second: args.rate,
        clock: SimClock::Wall,
        manners: if args.rude { Manners::rude() } else { Manners::polite() },
        ..stage::sim_config()
    }
}

/// Statuses in any order, twice and late, and now and then an answer to a send that is lost.
fn misbehave(simulator: &Simulator) {
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

/// Registers the webhook as Meta would, which also says that the server is there.
async fn listening(simulator: &Simulator) -> anyhow::Result<()> {
    let begun = Instant::now();
    while let Err(error) = simulator.verify_callback().await {
        if begun.elapsed() > PATIENCE {
            return Err(error.context("the server did not answer Meta's handshake"));
        }
        sleep(GLANCE).await;
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
    stage: &Stage,
    screen: &mut Screen,
    simulator: &Simulator,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => screen.progress(&line(stage, simulator, &tally::tally(stage.db.reader()).await?))?,
        }
    }
}

fn line(stage: &Stage, simulator: &Simulator, tally: &Tally) -> String {
    let lag = tally
        .oldest_waiting_at
        .map_or(0, |oldest| (stage.clock.now() - oldest).num_milliseconds());
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

/// Waits until nothing stored waits any more, every answer has left and all its statuses are told, or for as long as patience lasts. What
/// waits then stays queued.
async fn settle(stage: &Stage, screen: &mut Screen, simulator: &Simulator, patience: Duration) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let untold = simulator.graph().untold();
        let tally = tally::tally(stage.db.reader()).await?;
        let settled = tally.waiting + tally.unsent == 0 && untold == 0;
        if settled || begun.elapsed() > patience {
            return Ok(screen.progress(&line(stage, simulator, &tally))?);
        }
        sleep(GLANCE).await;
    }
}

/// What a person needs to look around.
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
    fn of(stage: &Stage) -> io::Result<Self> {
        let url = stage.url();
        Ok(Self {
            webhook: format!("{url}/webhooks/whatsapp"),
            api: format!("{url}/api/v1"),
            docs: format!("{url}/api/docs"),
            admin: format!("{url}/admin"),
            metrics: format!("{url}/metrics"),
            health: format!("{url}/health"),
            simulator: address::reachable(stage.simulator.local_addr()?),
            admin_token: stage.keepsake.admin_token.clone(),
            api_key: stage.api_key.clone(),
            other_port: !stage.port_as_wished,
            url,
        })
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.other_port {
            writeln!(f, "The port asked for is taken; this is on a free one.")?;
        }
        writeln!(f, "Mainstay is running, and customers are writing. Ctrl-C ends it.\n")?;
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
