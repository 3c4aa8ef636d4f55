//! Deliveries of events to endpoints, and their attempts.

mod bring_forward;
mod conclude;
mod due;
mod fan_out;
mod find;
mod order;
mod remove;
mod replay;
mod stats;

pub use bring_forward::{FORWARDED_AT_ONCE, bring_forward, move_to_front};
pub use conclude::{AttemptConclusion, conclude};
pub use due::{DueDelivery, DueQuery, due};
pub use fan_out::{deliver_to, fan_out};
pub use find::{Delivery, DeliveryAttempt, DeliveryFilter, DeliveryPage, attempts, find, list};
pub use order::{CHAIN, chains, defer, due_conversations, ends_of_conversations, release_conversations};
pub use remove::{REMOVED_AT_ONCE, SweptPage, remove, sweep};
pub use replay::{Missing, ReplayPage, deliver_missing, missing_page, replay_page, requeue};
pub use stats::{Sample, sample};
