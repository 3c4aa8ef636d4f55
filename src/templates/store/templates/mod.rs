//! Meta's templates, and the recurring syncs that fetch them.

mod apply;
mod find;
mod suggest;
mod syncs;

pub use suggest::suggest;
pub(crate) use syncs::last_synced;
pub use {apply::FetchedTemplate, apply::mark_missing_deleted, apply::upsert};
pub(crate) use {
    apply::TemplateKey, apply::TemplateStatusUpdate, apply::announce_category, apply::mark_status, apply::set_category,
    apply::set_quality, apply::set_status,
};
pub use {find::StoredTemplate, find::find, find::page};
pub use {find::TemplateFilter, find::find_by_names, find::find_for_update, find::list_account};
pub use {suggest::Suggested, suggest::suggest_to};
pub use {
    syncs::SYNCS, syncs::TemplateSync, syncs::complete_sync, syncs::find_sync, syncs::request_sync,
    syncs::syncs_of_tenant,
};
