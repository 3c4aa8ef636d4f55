//! Contacts: who customers are, what they allow, and what a tenant keeps about them.

pub(crate) mod consent;
mod csv;
pub(crate) mod import;
pub mod people;
pub mod store;
