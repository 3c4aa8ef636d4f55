//! What messaging and inbound know of campaigns: counters that move with the statuses of messages, and whether a campaign lets its messages
//! go. And what imports know of them: the rows of files that a campaign is for.

mod answers;
mod counts;
mod moved;
mod rows;
mod stopped;

pub(crate) use answers::{AnsweredMessage, answer};
pub(crate) use counts::{CountedStatus, add_counts, failures};
pub use moved::MovedStatuses;
pub(crate) use rows::{
    CampaignRow, CampaignRows, REMOVED, find_rows, forget_rows, is_no_draft, lock_draft, merge_rows, note_import,
    put_rows, remove_rows, rows_before, rows_of,
};
pub(crate) use stopped::{LiveCampaign, live_of_channel, lock_running, stopped};
