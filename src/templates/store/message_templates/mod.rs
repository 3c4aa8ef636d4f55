//! Message templates of tenants, and their versions.

mod change;
mod find;

pub use {change::NewVersion, change::add_version, change::mark_seeded};
pub use {change::delete, change::insert, change::update};
pub use {
    find::MessageTemplateFilter, find::StoredMessageTemplate, find::Version, find::find_by_name, find::is_seeded,
};
pub use {find::find, find::page, find::version, find::versions};
