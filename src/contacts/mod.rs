//! Contacts: who customers are, what they allow, and what a tenant keeps about them.
//!
//! - `people`: who is who, by the identities that Meta names. `write`: what people and the API say of contacts.
//! - `consent`: what contacts allow and refuse. `keywords`: words by which contacts opt out, opt in and ask for help.
//! - `fields`, `tags`: custom fields; tags and lists. `segments`: contacts selected by filters.

pub(crate) mod consent;
pub(crate) mod csv;
mod error;
pub(crate) mod fields;
pub mod import;
mod joining;
pub mod keywords;
pub mod people;
pub mod segments;
mod service;
pub mod store;
mod tag_room;
pub(crate) mod tags;
mod text;
pub(crate) mod write;

pub(crate) use error::{ContactError, ContactResult};
pub(crate) use joining::merge;
pub(crate) use service::ContactService;
pub(crate) use tag_room::MAX_TAGS_OF_CONTACT;
