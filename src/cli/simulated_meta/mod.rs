//! What the demo and `mainstay simulate` share: customers who write to a simulated Meta, and a program that answers them.

pub(super) mod address;
mod customers;
mod responder;

pub(super) use customers::{CustomerArgs, Hello, RunEnd, hello, stopped};
pub(super) use responder::AutoResponder;
