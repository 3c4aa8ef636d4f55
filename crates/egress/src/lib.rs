//! SSRF (server-side request forgery) protection for requests to addresses chosen by tenants: media by URL, outgoing webhooks. Such a
//! request is made from inside this network, next to databases, metadata services and other hosts.
//!
//! - `https` only, HTTP/1.1 only; no credentials in URLs; no proxy; redirects are not followed.
//! - Public addresses only, in any spelling. The operator may allow networks.
//! - Names are resolved once, checked, and connected to as checked (no DNS rebinding).
//! - A name that resolves to a private address is answered like one that does not exist.
//! - Lookups that hang are limited per tenant.
//! - Every connection has a limit in bytes, every request one in time.

mod address;
mod client;
mod connect;
mod error;
mod policy;
mod post;
mod read_budget;
mod resolver;
mod system_lookup;
mod target;

#[cfg(test)]
mod tests;

pub use client::{EgressClient, EgressResponse};
pub use error::{Error, UrlRefused};
pub use policy::EgressPolicy;
pub use post::{PartialResponse, Post, PostOutcome};
pub use resolver::Lookup;
pub use system_lookup::{for_tenant, system};
pub use target::Target;
