//! Deliveries of events to endpoints, and their attempts.

mod backlog;
mod bring_forward;
mod conclude;
mod due;
mod fan_out;
mod find;
mod order;
mod remove;
mod replay;
mod stats;

pub use backlog::Backlog;
pub(crate) use backlog::{backlogs, total_backlog};
pub(crate) use bring_forward::{FORWARDED_AT_ONCE, bring_forward, move_to_front};
pub use conclude::{AttemptConclusion, conclude};
pub(crate) use due::DueDelivery;
pub use due::{DueQuery, due};
pub use fan_out::deliver_to;
pub(crate) use fan_out::fan_out;
pub use find::{Delivery, DeliveryAttempt, DeliveryFilter, DeliveryPage, attempts, find, list};
pub(crate) use order::{CHAIN, chains};
pub use order::{defer, due_conversations, ends_of_conversations, release_conversations};
pub(crate) use remove::{REMOVED_AT_ONCE, SweptPage};
pub use remove::{remove, sweep};
pub use replay::{Missing, requeue};
pub(crate) use replay::{deliver_missing, missing_page, replay_page};
pub use stats::sample;
