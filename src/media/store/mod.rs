//! SQL of media: one row per occurrence (received or uploaded), and the files they share, once per tenant.

mod delete;
mod files;
mod find;
mod inbound;
mod insert;
mod removals;
mod uploads;

pub use delete::{ReleasedMedia, delete, list_older_of, list_older_than};
pub(crate) use files::{
    CompletedVariants, NewFile, Removed, WantsVariants, complete_variants, find_leased_file, list_orphaned,
    mark_orphaned, remove_orphan, upsert_file,
};
pub use find::{StoredMedia, find, find_all};
pub(crate) use inbound::{
    CompletedFetch, LeasedMedia, NewInboundMedia, UnreportedFailure, complete_fetch, find_leased, insert_inbound,
    mark_reported, prioritize_expiring, soonest_deadline, unreported_failures,
};
pub use insert::{NewUploadedMedia, insert_uploaded};
pub(crate) use removals::{cancel_removal, complete_removals, due_removals, schedule_removal};
pub(crate) use uploads::{
    MediaOnChannel, MetaUpload, UploadKey, claim_upload, expire_uploads, find_upload, finish_upload, remove_expired,
    renew_upload_lease,
};
