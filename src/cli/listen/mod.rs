//! `mainstay listen`: events for a program that no server can reach, such as one under development.

mod destination;
mod feed;
mod forwarder;

use std::fmt;

use serde::Serialize;

use super::{
    CommandOutput, LiveOutput,
    api_client::{self, ApiArgs},
};
use crate::{config::Secret, process};

#[cfg(feature = "simulator")]
pub(super) use feed::EventFeed;
pub(super) use forwarder::EventForwarder;

/// Follows the events of a running server and passes them on as signed webhooks, as an endpoint would get them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the program, e.g. `http://127.0.0.1:8000/webhooks`.
    #[arg(long, value_name = "URL")]
    forward: String,
    #[command(flatten)]
    options: ForwardOptions,
    #[command(flatten)]
    api: ApiArgs,
}

/// Which events are passed on, and how.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ForwardOptions {
    /// Exact types, families such as `message.*`, or `*`, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "*", requires = "forward")]
    pub types: Vec<String>,
    /// Sequence to begin after, as printed at the end; by default that of the newest event.
    #[arg(long, value_name = "SEQUENCE", requires = "forward", value_parser = clap::value_parser!(i64).range(0..))]
    pub after: Option<i64>,
    /// Secret that signs, `whsec_…`; by default one is made.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true, value_parser = api_client::secret)]
    pub secret: Option<Secret>,
}

/// What the receiving program has to know.
#[derive(Serialize)]
struct Listening<'a> {
    forward: &'a str,
    secret: &'a str,
    after: i64,
}

/// Where to go on.
#[derive(Serialize)]
struct Ended {
    after: i64,
    /// The command that does.
    go_on: String,
}

/// Passes events on until Ctrl-C.
pub async fn run(args: Args, json: bool) -> anyhow::Result<CommandOutput> {
    let output = LiveOutput::new(json);
    let api = args.api.client()?;
    let again = again(&args, api.base());
    let mut forwarder = EventForwarder::start(api, &args.forward, &args.options, None).await?;
    output.print(&Listening {
        forward: forwarder.url(),
        secret: forwarder.secret(),
        after: forwarder.after(),
    })?;
    tokio::select! {
        failed = forwarder.run(&output) => failed?,
        signal = process::wait_for_signal() => drop(signal?),
    }
    let after = forwarder.after();
    CommandOutput::new(&Ended {
        after,
        go_on: format!("{again} --after {after}"),
    })
}

/// Returns the command line without a position; key and secret are in the environment, or given anew.
fn again(args: &Args, api: &str) -> String {
    let types = args.options.types.join(",");
    let types = if types == "*" {
        String::new()
    } else {
        format!(" --types '{types}'")
    };
    format!("mainstay listen --forward '{}' --api '{api}'{types}", args.forward)
}

impl fmt::Display for Listening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { forward, secret, after } = self;
        write!(
            f,
            "Events after {after} go to {forward} until Ctrl-C, each until it is answered 2xx.\n\
             The program verifies them with\n\n  export WEBHOOK_SECRET={secret}\n"
        )
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "go on with: {}", self.go_on)
    }
}
