//! Contacts (people and groups) and their identities.

mod errors;
mod find;
mod identify;
mod merge;
mod merged_tables;
mod profile;
mod redirects;
mod search;

pub(crate) use errors::{MarketingRefusal, UndeliverableIdentity, mark_undeliverable, stop_marketing};
pub(crate) use find::contact_columns;
pub use find::{Contact, IdentityRecord, current_identity, find, find_all, list, list_identities};
pub(crate) use identify::{
    Identity, KnownIdentity, NameReport, NewContact, PreferenceReport, assign, lock_tenants, reassign, retire,
    set_names, set_preferences,
};
pub use identify::{identities, insert, lock_tenant};
pub(crate) use merge::both_exist;
pub use merge::{ContactMerge, lock, merge};
pub use merged_tables::{MERGED_TABLES, MergeEffect, MergedTable};
pub use profile::{FieldValues, Profile, ProfileChange, by_external_ids, set_archived, set_origin, set_profiles};
pub(crate) use profile::{archived, count_version};
pub use redirects::{redirect, redirect_conversation};
pub(crate) use search::{search, with_phone};
