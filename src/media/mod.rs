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
pub use limits::{MAX_FILE_BYTES, Rejected};
pub use link::{LinkError, MediaLink, read_link, sign_link};
pub use media_events::emit_failures;
pub use meta_id::{MetaCopy, MetaIdError, find_meta_copy, forget_meta_ids, meta_id};
pub use remove::{delete, expire, remove_orphans};
pub use sendable::{SendableError, check_sendable};
pub use service::MediaService;
pub use store::prioritize_expiring;
pub use upload::{DeclaredMedia, UploadError, upload, upload_from_url};
pub use variants::make_variants;

use chrono::TimeDelta;

pub use crate::meta::message::MediaKind;
use crate::queue::Queue;

/// Queue of inbound media to fetch from Meta.
pub const MEDIA_INBOUND: Queue = Queue::new("media_inbound", "media").with_lanes("lane");
/// Queue of images whose variants are to be generated.
pub const MEDIA_VARIANTS: Queue = Queue::new("media_variants", "media_files");

/// Time for which Meta keeps media after the webhook ("Media" in Meta's documentation, since October 2025).
pub const META_KEEPS: TimeDelta = TimeDelta::days(7);
/// Media with less time left is fetched before all other.
pub const URGENT: TimeDelta = TimeDelta::days(1);
