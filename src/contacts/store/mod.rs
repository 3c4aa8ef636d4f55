//! SQL of the tables of contacts.

pub mod consents;
pub(crate) mod fields;
pub mod segments;
pub mod tags;
