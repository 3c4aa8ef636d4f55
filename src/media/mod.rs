//! Media both ways. What customers send is fetched from Meta the moment its message is stored, for Meta forgets it after a week; what
//! tenants upload is checked against what Meta takes. Both end as files in the [store](crate::storage), once per tenant and digest.
//!
//! No file is in the store that the database does not know of: before the first byte is written, a note is committed that the file is to
//! be removed tomorrow, and the transaction that makes the file somebody's takes the note back. Nor does the database speak of a file that
//! is not there: the transaction comes after the last byte is safe.

mod archive;
mod bring;
mod content;
mod facts;
mod fetch;
mod ingest;
mod link;
mod meta_id;
mod name;
mod picture;
mod remove;
mod sendable;
mod service;
mod sniff;
pub mod store;
mod table;
mod variants;

pub use bring::{Bring, BringError, bring, bring_url};
pub use content::{Content, ContentError, Variant, VariantInfo, content, variants_of};
pub use facts::tell_failures;
pub use fetch::{digest, fetch};
pub use link::{Link, LinkError, read_link, sign_link};
pub use meta_id::{AtMeta, MetaIdError, at_meta, forget, meta_id};
pub use remove::{clear, delete, expire};
pub use sendable::{SendableError, sendable};
pub use service::MediaService;
pub use store::hurry;
pub use table::{LARGEST, Rejected};
pub use variants::make_variants;

use chrono::TimeDelta;

pub use crate::meta::message::MediaKind;
use crate::queue::Queue;

/// Media of stored messages, to be fetched from Meta.
pub const MEDIA_INBOUND: Queue = Queue::new("media_inbound", "media").with_lanes("lane");
/// Stored images, to be made smaller.
pub const MEDIA_VARIANTS: Queue = Queue::new("media_variants", "media_files");

/// How long Meta keeps what it told of in a webhook ("Media" in Meta's documentation, since October 2025).
pub const META_KEEPS: TimeDelta = TimeDelta::days(7);
/// What has less time left than this is fetched before everything else.
pub const URGENT: TimeDelta = TimeDelta::days(1);
