//! Contacts that people and the API keep.

mod consent;
mod histories;
mod keywords;
mod labels;
mod merging;
mod writing;
