//! What messaging and inbound know of campaigns: counters that move with the statuses of messages, and whether a campaign lets its messages
//! go.

mod answers;
mod counts;
mod moved;
mod stopped;

pub(crate) use answers::{AnsweredMessage, answer};
pub(crate) use counts::{CountedStatus, add_counts, failures};
pub use moved::MovedStatuses;
pub(crate) use stopped::{LiveCampaign, live_of_channel, lock_running, stopped};
