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

pub use conclude::{AttemptConclusion, conclude};
pub(crate) use due::DueDelivery;
pub use fan_out::deliver_to;
pub(crate) use fan_out::fan_out;
pub use find::DeliveryPage;
pub use stats::sample;
pub(crate) use {bring_forward::FORWARDED_AT_ONCE, bring_forward::bring_forward, bring_forward::move_to_front};
pub use {due::DueQuery, due::due};
pub use {find::Delivery, find::DeliveryAttempt, find::DeliveryFilter, find::attempts, find::find, find::list};
pub(crate) use {order::CHAIN, order::chains};
pub use {order::defer, order::due_conversations, order::ends_of_conversations, order::release_conversations};
pub(crate) use {remove::REMOVED_AT_ONCE, remove::SweptPage};
pub use {remove::remove, remove::sweep};
pub use {replay::Missing, replay::requeue};
pub(crate) use {replay::deliver_missing, replay::missing_page, replay::replay_page};
