//! Exports of contacts, conversations and messages, as CSV or one JSON object a line.
//!
//! A short one is streamed as an answer, page by page ([`ExportPages`]). A long one is a task that writes the same text to a file ([`run()`]),
//! which is fetched by a signed link.

mod contacts;
mod link;
mod pages;
mod run;
mod service;
mod sheet;
mod talk;
mod task;

pub(crate) use link::read as read_link;
pub(crate) use pages::{ExportPages, ExportSubject};
pub(crate) use run::ExportSpec;
pub use run::run;
pub use service::{EXPORTS, ExportService};
pub(crate) use sheet::{ExportFormat, SheetStyle};
pub use task::clean_up;
pub(crate) use task::{ExportError, ExportReport, ExportState, MAX_OPEN, find, request};
