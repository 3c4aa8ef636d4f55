//! SQL of media: one row per occurrence (received or uploaded), and the files they share, once per tenant.

mod delete;
mod files;
mod find;
mod inbound;
mod insert;
mod removals;
mod uploads;

pub use delete::delete;
pub use find::find;
pub use {delete::ReleasedMedia, delete::list_older_than};
pub(crate) use {
    files::CompletedVariants, files::NewFile, files::Removed, files::WantsVariants, files::complete_variants,
    files::find_leased_file, files::list_orphaned, files::mark_orphaned, files::remove_orphan, files::upsert_file,
};
pub use {find::StoredMedia, find::find_all};
pub(crate) use {
    inbound::CompletedFetch, inbound::LeasedMedia, inbound::NewInboundMedia, inbound::UnreportedFailure,
    inbound::complete_fetch, inbound::find_leased, inbound::insert_inbound, inbound::mark_reported,
    inbound::prioritize_expiring, inbound::soonest_deadline, inbound::unreported_failures,
};
pub use {insert::NewUploadedMedia, insert::insert_uploaded};
pub(crate) use {
    removals::cancel_removal, removals::complete_removals, removals::due_removals, removals::schedule_removal,
};
pub(crate) use {
    uploads::MediaOnChannel, uploads::MetaUpload, uploads::UploadKey, uploads::claim_upload, uploads::expire_uploads,
    uploads::find_upload, uploads::finish_upload, uploads::renew_upload_lease,
};
