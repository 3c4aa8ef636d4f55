//! The customers: how many, how often they write, how rudely their messages arrive.

use std::time::Duration;

use mainstay_sim::{
    Clock as SimClock, Echo, Fault, FaultRule, Item, Manners, Shape, SimConfig, Simulator, StatusPolicy, Webhook,
};

use crate::{clock::Clock, process};

/// The customers who write.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CustomerArgs {
    /// Webhooks per second.
    #[arg(long, default_value = "2", value_parser = rate)]
    pub rate: f64,
    /// Number of customers who write.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u16).range(1..))]
    pub customers: u16,
    /// Send duplicates, reorderings, batches, forgeries and garbage, and lose answers, as happens in production.
    #[arg(long)]
    pub rude: bool,
    /// Stop after this many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub lasting: Option<Duration>,
}

impl CustomerArgs {
    /// Puts the customers into the configuration of a simulator.
    pub fn configure(&self, clock: &Clock, config: SimConfig) -> SimConfig {
        SimConfig {
            // A new seed for each start, or all its messages would be known already.
            seed: clock.now().timestamp_micros().unsigned_abs(),
            customers: usize::from(self.customers),
            rate_per_second: self.rate,
            clock: SimClock::Wall,
            manners: if self.rude { Manners::rude() } else { Manners::polite() },
            ..config
        }
    }

    /// If they are rude, sends statuses in any order, twice and late, and loses some answers to sends.
    pub fn inject_faults(&self, simulator: &Simulator) {
        if !self.rude {
            return;
        }
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
}

/// The first message of a customer who shows a phone number that is dialled as WhatsApp names it, so that anybody may write to it.
pub(in crate::cli) struct Hello {
    /// The place of the customer.
    pub customer: usize,
    /// The phone number, with `+`.
    pub phone: String,
    pub wamid: String,
    pub webhook: Webhook,
}

/// Lets a customer write. None if no customer shows such a number.
pub(in crate::cli) fn hello(simulator: &Simulator) -> Option<Hello> {
    let customers = simulator.customers();
    let customer = customers
        .iter()
        .position(|it| !it.hides_phone && it.wa_id == it.dialled)?;
    let webhook = simulator.write(customer, Shape::Text, Some("Hello! Are you there?"))?;
    let wamid = webhook.items.iter().find_map(|item| match item {
        Item::Message(message) => Some(message.wamid.clone()),
        _ => None,
    })?;
    Some(Hello {
        customer,
        phone: format!("+{}", customers[customer].dialled),
        wamid,
        webhook,
    })
}

/// What ended a run.
pub(in crate::cli) enum RunEnd {
    ByTime,
    /// Ctrl-C or SIGTERM.
    BySignal,
}

/// Waits for the time to be over, or for a signal.
pub(in crate::cli) async fn stopped(lasting: Option<Duration>) -> anyhow::Result<RunEnd> {
    let over = async {
        match lasting {
            Some(lasting) => tokio::time::sleep(lasting).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        signal = process::wait_for_signal() => signal.map(|_| RunEnd::BySignal),
        () = over => Ok(RunEnd::ByTime),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0 && *rate <= 10_000.0);
    rate.ok_or_else(|| "use a number above 0, at most 10000".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "use a number of seconds".to_owned())
}
