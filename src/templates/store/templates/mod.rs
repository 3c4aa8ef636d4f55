//! Meta's templates, and the recurring syncs that fetch them.

mod apply;
mod find;
mod suggest;
mod syncs;

pub use apply::{FetchedTemplate, mark_missing_deleted, upsert};
pub(crate) use apply::{
    TemplateKey, TemplateStatusUpdate, announce_category, mark_status, set_category, set_quality, set_status,
};
pub use find::{StoredTemplate, TemplateFilter, find, find_by_names, find_for_update, list_account, page};
pub(crate) use suggest::suggest_on;
pub use suggest::{Suggested, suggest};
pub use syncs::{SYNCS, TemplateSync, complete_sync, find_sync, request_sync, syncs_of_tenant};
pub(crate) use syncs::{last_synced, remove_sync};
