//! SQL of the tables of contacts.

pub mod consents;
pub(crate) mod exports;
pub(crate) mod fields;
pub(crate) mod imports;
pub(crate) mod keyword_rules;
pub mod segments;
pub mod tags;
