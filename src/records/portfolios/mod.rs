//! Customers that portfolios wrote to outside service windows, counted against Meta's daily limit.
//!
//! - Meta counts a portfolio as one, and it may have accounts of several tenants. Each tenant has rows of its own.
//! - Queries on a portfolio span all its tenants; only workers run them, never in a tenant's role.
//! - Counting and removing customers of a limited portfolio requires the lock on all tenants' rows, so that two workers cannot exceed
//!   the limit together. The lock is taken before any message is locked.

mod limit;
mod merge;
mod recipients;

pub(crate) use merge::merge_recipients;
pub use {limit::LimitScope, limit::PortfolioKey, limit::add, limit::all, limit::lock, limit::set_limit, limit::usage};
pub(crate) use {limit::PortfolioUsage, limit::adopt};
pub use {
    recipients::Counted, recipients::count_expired, recipients::last_sends, recipients::remove_expired,
    recipients::remove_refused,
};
pub use {recipients::Recipient, recipients::count, recipients::counted};
