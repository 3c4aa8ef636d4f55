//! Messages in both directions: one row each.

mod apply;

pub use apply::{
    Advanced, Change, ChangeKind, Key, NewMessage, Reported, advance_status, change, changes_of, fill_placeholders,
    insert,
};
