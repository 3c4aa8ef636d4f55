//! Contacts that people and the API keep.

mod consent;
mod labels;
mod merging;
mod writing;
