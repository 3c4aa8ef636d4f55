//! Message templates of tenants, and their versions.

mod change;
mod find;

pub use change::{NewVersion, add_version, delete, insert, mark_seeded, update};
pub use find::{
    MessageTemplateFilter, StoredMessageTemplate, Version, find, find_by_name, is_seeded, page, version, versions,
};
