//! Media in both directions. Inbound media is fetched from Meta once its message is stored, because Meta keeps it for a week only; uploads
//! of tenants are checked against Meta's limits. Both become files in the [store](crate::storage), deduplicated by tenant and digest.
//!
//! Invariant: the database knows every stored file, and every file it refers to exists.
//!
//! 1. Before the first byte is written, the file's removal is scheduled for the next day and committed.
//! 2. After the last byte is durable, one transaction cancels the removal and makes a row own the file.

mod archive;
mod content;
mod fetch;
mod ingest;
mod limits;
mod link;
mod media_events;
mod meta_id;
mod name;
mod picture;
mod remove;
mod sendable;
mod service;
mod sniff;
pub mod store;
mod upload;
mod variants;

pub use content::{ContentError, MediaFile, Variant, VariantInfo, content, variants_of};
pub use fetch::{digest, fetch};
pub(crate) use limits::MAX_FILE_BYTES;
pub use limits::Rejected;
pub(crate) use link::{LinkError, MediaLink, read_link, sign_link};
pub(crate) use media_events::emit_failures;
pub(crate) use meta_id::{MetaCopy, find_meta_copy, forget_meta_ids};

pub use meta_id::{MetaIdError, clean_cache, meta_id};
pub use remove::delete;
pub(crate) use remove::{expire, expire_of, release, remove_orphans};
pub use sendable::{SendableError, check_sendable};
pub(crate) use service::MediaService;
pub(crate) use store::prioritize_expiring;
pub use upload::{DeclaredMedia, UploadError, upload, upload_from_url};
pub(crate) use variants::make_variants;

use chrono::TimeDelta;

pub use crate::meta::message::MediaKind;
use crate::queue::Queue;

/// Queue of inbound media to fetch from Meta.
pub const MEDIA_INBOUND: Queue = Queue::new("media_inbound", "media").with_lanes("lane");
/// Queue of images whose variants are to be generated.
pub(crate) const MEDIA_VARIANTS: Queue = Queue::new("media_variants", "media_files");

/// Time for which Meta keeps media after the webhook ("Media" in Meta's documentation, since October 2025).
pub(crate) const META_KEEPS: TimeDelta = TimeDelta::days(7);
/// Media with less time left is fetched before all other.
pub(crate) const URGENT: TimeDelta = TimeDelta::days(1);
