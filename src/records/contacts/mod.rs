//! Contacts (people and groups) and their identities.

mod errors;
mod find;
mod identify;
mod merge;

pub use errors::{MarketingRefusal, UndeliverableIdentity, mark_undeliverable, stop_marketing};
pub use find::{Contact, KnownBy, find, known_by, list, live};
pub use identify::{
    Identity, KnownIdentity, NameReport, NewContact, PreferenceReport, add, identities, is_known, lock_tenant,
    lock_tenants, name, own, prefer, retire, take_over,
};
pub use merge::{are_there, lock, merge};
