//! Templates: messages that Meta has approved, which alone may be sent without an open service window. Here is kept what Meta says of
//! them (`sync`, `news`), what each asks of whoever sends it (`schema`), and whether a send of one will do (`shelf`). Beside them stand
//! message templates of our own (`local`), which Meta knows nothing of.

mod draft;
pub mod local;
mod manage;
mod news;
mod preview;
pub mod schema;
mod service;
mod shelf;
mod status;
pub mod store;
mod sync;
mod told;

pub use draft::{Category, Draft, TemplateChange};
pub use manage::ManageError;
pub use news::{News, hear};
pub use preview::{Preview, preview};
pub use schema::Schema;
pub use service::TemplateService;
pub use shelf::{Shelf, Unfit, reaches, schema as schema_of};
pub use status::{is_sendable, refusal_code};
pub use sync::{SYNCS, SyncError, Synced};
