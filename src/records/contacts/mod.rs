//! Contacts (people and groups) and their identities.

mod errors;
mod find;
mod identify;
mod merge;
mod merged_tables;

pub use errors::{MarketingRefusal, UndeliverableIdentity, mark_undeliverable, stop_marketing};
pub use find::{Contact, IdentityRecord, current_identity, find, list, list_identities};
pub use identify::{
    Identity, KnownIdentity, NameReport, NewContact, PreferenceReport, assign, identities, insert, lock_tenant,
    lock_tenants, reassign, retire, set_names, set_preferences,
};
pub use merge::{ContactMerge, both_exist, lock, merge};
pub use merged_tables::{MERGED_TABLES, MergeEffect, MergedTable, MoveRows};
