//! People and groups, and what they are known by.

mod identify;
mod merge;

pub use identify::{
    Identity, KnownIdentity, Naming, NewContact, Preferring, add, identities, lock_tenant, name, own, prefer, retire,
    take_over,
};
pub use merge::merge;
