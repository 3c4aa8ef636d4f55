//! Events on their way to endpoints, and every attempt.

mod conclude;
mod due;
mod fan_out;
mod find;
mod order;
mod remove;
mod replay;
mod sooner;
mod stats;

pub use conclude::{Ended, conclude};
pub use due::{Due, DueQuery, due};
pub use fan_out::{deliver_to, fan_out};
pub use find::{Attempt, Delivery, DeliveryFilter, Page, attempts, find, list};
pub use order::{CHAIN, bring_on, chains, due_conversations, ends_of_conversations, put_off};
pub use remove::{REMOVED_AT_ONCE, Swept, remove, sweep};
pub use replay::{Missing, ReplayPage, again, deliver_missing, missing_page, replay_page};
pub use sooner::{BROUGHT_AT_ONCE, bring_forward, put_first};
pub use stats::{Sample, sample};
