//! Tasks: rare work of the features that takes longer than a request. Each kind is a queue of its own over one table.
//!
//! A task is worked on in steps, and each step is one transaction. A run takes up the task at its `position`, does steps for a while, and
//! [hands it back](hand_back), so that other tasks get their turn. The last statement of each step is the *fence*: it writes the new position
//! only where lease and position are those that the step began with. A process that stood still while another took the task over finds
//! neither, and rolls its step back.

mod files;
mod find;
mod insert;
mod step;

pub(crate) use files::{complete_upload, file_is_gone, remove, remove_ended, with_old_file};
pub(crate) use find::{
    Task, count_open, find, find_leased, first_open, is_open_for, last_about, list, lock_making, made_since, open_specs,
};
pub(crate) use insert::{NewTask, insert};
pub(crate) use step::{Fence, TaskResult, cancel, end, hand_back, is_lease_lost, note_result, step};
