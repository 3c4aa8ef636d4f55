//! The SQL of verifications: their numbers.

mod items;

pub(super) use items::{CheckedItem, OpenItem, insert, next, remove, write};
pub(crate) use items::{VerificationItem, list, list_of};
