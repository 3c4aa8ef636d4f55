//! Segments: contacts selected by a filter, counted and listed when somebody asks, and never kept.
//!
//! - `language`: the text of a filter, read into a tree. Its SQL is in `contacts/store/segments`.
//! - `manage`: segments are created, changed and archived. `names`: what they name, and what that means for it.
//! - `select`: pages of contacts by a filter, and their number. `recount`: their number where a request cannot look at all.

pub mod language;
mod manage;
mod names;
mod recount;
mod select;

pub(crate) use manage::{SegmentDraft, SegmentUpdate, archive, create, find, update};
pub(crate) use names::{lock_catalogue, read_catalogue, rename, require_readable};
pub use recount::{SEGMENT_COUNTS, run as count_in_turns};
pub(crate) use recount::{is_counting, request as request_count};
pub(crate) use select::{Criteria, count, count_all, select};
