//! Customers that business portfolios wrote to outside service windows, and how many of them Meta allows. Meta counts a portfolio as one,
//! and it may have accounts of several tenants. Each has rows of its own here, as everywhere, but what is asked of a portfolio goes over
//! all of them, and is asked by workers and never in a tenant's role. Whoever counts or removes customers of a portfolio with a limit holds
//! all tenants' rows of it, so that two workers cannot pass the limit together; they are locked before any message.

mod limit;
mod recipients;

pub use limit::{LimitScope, PortfolioKey, PortfolioUsage, add, adopt, all, lock, set_limit, usage};
pub use recipients::{Counted, Recipient, count, count_expired, remove_refused, counted, last_sends, remove_expired};
