//! People and groups, and what they are known by.

mod errors;
mod find;
mod identify;
mod merge;

pub use errors::{Refused, Suspect, stop_marketing, suspect};
pub use find::{Contact, KnownBy, find, known_by, list, live};
pub use identify::{
    Identity, KnownIdentity, Naming, NewContact, Preferring, add, identities, is_known, lock_tenant, lock_tenants,
    name, own, prefer, retire, take_over,
};
pub use merge::{are_there, lock, merge};
