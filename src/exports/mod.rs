//! Exports of contacts, conversations, messages, campaigns and their recipients, as CSV or one JSON object a line.
//!
//! A short one is streamed as an answer, page by page ([`ExportPages`]). A long one is a task that writes the same text to a file ([`run()`]),
//! which is fetched by a signed link. What the rows are is said by `source`, for each [`ExportSubject`].

mod campaigns;
mod contacts;
mod error;
mod link;
mod pages;
mod run;
mod service;
mod sheet;
mod source;
mod subject;
mod talk;
mod task;

pub(crate) use error::ExportError;
pub(crate) use link::read as read_link;
pub(crate) use pages::ExportPages;
pub(crate) use run::ExportSpec;
pub use run::run;
pub use service::{EXPORTS, ExportService};
pub(crate) use sheet::{ExportFormat, SheetStyle};
pub(crate) use subject::ExportSubject;
pub use task::clean_up;
pub(crate) use task::{ExportReport, ExportState, MAX_OPEN, find, request};
