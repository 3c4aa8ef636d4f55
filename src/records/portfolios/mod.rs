//! Customers that portfolios wrote to outside service windows, counted against Meta's daily limit.
//!
//! - Meta counts a portfolio as one, and it may have accounts of several tenants. Each tenant has rows of its own.
//! - Queries on a portfolio span all its tenants; only workers run them, never in a tenant's role.
//! - Counting and removing customers of a limited portfolio requires the lock on all tenants' rows, so that two workers cannot exceed
//!   the limit together. The lock is taken before any message is locked.

mod limit;
mod merge;
mod recipients;

pub use limit::{LimitScope, PortfolioKey, add, all, lock, set_limit, usage};
pub(crate) use limit::{PortfolioUsage, adopt};
pub(crate) use merge::merge_recipients;
pub use recipients::{Counted, Recipient, count, count_expired, counted, last_sends, remove_expired, remove_refused};
