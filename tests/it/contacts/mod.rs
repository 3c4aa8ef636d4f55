//! Contacts that people and the API keep.

mod consent;
mod keywords;
mod histories;
mod labels;
mod merging;
mod writing;
