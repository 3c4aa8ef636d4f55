//! People and groups that write to a channel, and what they are known by.

mod find;

pub use find::{Contact, Identity, find, identities, list};
