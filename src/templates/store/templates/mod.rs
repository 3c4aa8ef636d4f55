//! Templates as Meta has them, and the standing orders to fetch them.

mod apply;
mod find;
mod suggest;
mod syncs;

pub use apply::{Fetched, Told, Whose, announce_category, gone, keep, mark, set_category, set_quality, set_status};
pub use find::{Template, TemplateFilter, find, of_account, of_names, page, told_of};
pub use suggest::{Suggested, suggest, suggest_to};
pub use syncs::{Sync, conclude, find_sync, of_tenant, synced, want};
