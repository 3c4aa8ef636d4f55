//! Templates: messages approved by Meta, which alone may be sent outside the service window.
//!
//! - `manage`: changes at Meta. `sync`, `updates`: brings the stored templates up to date, from the Graph API and from webhooks.
//! - `schema`: the placeholders of a template. `cache`: whether a message fits and can be sent.
//! - `local`: message templates of the tenant, unknown to Meta.

mod cache;
mod draft;
mod events;
pub mod local;
mod manage;
mod preview;
pub mod schema;
mod service;
mod status;
pub mod store;
mod sync;
mod updates;

pub use cache::{TemplateCache, schema as schema_of};
pub(crate) use cache::{TemplateError, check_recipient};
pub use draft::Category;
pub(crate) use draft::{TemplateChange, TemplateDraft};
pub(crate) use manage::ManageError;
pub use preview::{Preview, preview};
pub use schema::Schema;
pub(crate) use service::TemplateService;
pub(crate) use status::{is_sendable, send_error_code};
pub use store::templates::SYNCS;
pub(crate) use sync::SyncError;
pub(crate) use updates::{TemplateUpdate, apply_updates};
