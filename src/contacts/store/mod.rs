//! SQL of the tables of contacts.

pub mod consents;
pub mod tags;
