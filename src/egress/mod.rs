//! The guard before every address that a tenant chose (media by URL, outgoing webhooks). Such an address is an order to this machine to
//! make a request, and this machine stands where the tenant does not: beside databases, metadata services, other people's servers.
//!
//! So: `https` only; no credentials; public addresses only, whatever the spelling; names resolved once, by the guard, and the connection
//! made to just what it saw; a name that leads inside answered like one that does not exist; a tenant whose names hang holds up no other's;
//! no proxy; HTTP/1.1 only; redirects not followed; every connection read to a limit in bytes and every request to one in time. The
//! operator may allow networks.

mod address;
mod allowance;
mod client;
mod connect;
mod error;
mod names;
mod post;
mod system;
mod target;

#[cfg(test)]
mod tests;

pub use client::{Answer, EgressClient};
pub use error::{Error, Refused};
pub use names::Lookup;
pub use post::{Post, Posted, Reply};
pub use system::{on_behalf, system};
pub use target::Target;

/// What the operator lets tenants reach.
pub use crate::config::EgressPolicy;
