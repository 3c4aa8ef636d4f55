//! What the demo and `mainstay simulate` share: customers who write to a simulated Meta, and a program that answers them.

pub(super) mod address;
mod customers;
mod responder;

pub(super) use customers::{CustomerArgs, Hello, RunEnd, hello, stopped};
pub(super) use responder::AutoResponder;

use mainstay_sim::{SimConfig, Way};

/// A simulator that does not refuse what is sent outside service windows: it has forgotten those of its last run, which the server remembers
/// and keeps to.
pub(super) fn forgetful(mut config: SimConfig) -> SimConfig {
    config.graph.enforcement.window = Way::Off;
    config
}
