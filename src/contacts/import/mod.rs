//! Imports of contacts from CSV files.
//!
//! 1. [`accept()`] stores the file as it comes, and looks at how it is written and at every row of it on the way.
//! 2. The task reads the stored file in ranges, and judges and writes a chunk of rows in each step ([`run()`]).
//! 3. A step is one transaction: contacts, identities, tags, consents, errors, and the fence with position and counts. What is killed goes on
//!    where the last step ended, so every row counts once.

mod accept;
mod apply;
mod campaign_rows;
mod cell;
mod chunk;
mod clean;
mod columns;
mod counts;
mod encoding;
mod ending;
mod error_sheet;
mod events;
mod field_values;
mod judge;
mod matching;
mod options;
mod overlay;
mod quotes;
mod read_row;
mod room;
mod row_error;
mod rows;
mod run;
mod sample;
mod service;
mod sniff;
mod source;
mod spec;
mod tags;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use accept::{ImportError, MAX_BYTES, MAX_OPEN, accept};
pub(crate) use cell::{escape_cell, join_names};
pub(crate) use chunk::PreviewedRow;
pub use clean::clean_up;
pub(crate) use columns::target_name;
pub(crate) use error_sheet::ErrorSheet;
pub(crate) use options::{OptionTexts, WrongOption};
pub use run::run;
pub use service::{IMPORTS, ImportService};
pub(crate) use spec::{DeclaredConsent, ImportOptions, OnBadField, OnConflict, OnExisting};
pub(crate) use view::{ImportReport, ImportState, cancel, errors, find, list, sample_file};
