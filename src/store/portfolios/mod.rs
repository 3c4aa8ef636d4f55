//! Customers that business portfolios wrote to outside service windows, and how many of them Meta allows. Whoever counts, gives back
//! or removes one holds the portfolio's row, so that two workers cannot pass the limit together; it is locked before any message.

mod limit;
mod recipients;

pub use limit::{Key, Standing, add, adopt, all, set_limit, standing};
pub use recipients::{Counted, Recipient, count, ended, give_back, known, leaving, remove};
