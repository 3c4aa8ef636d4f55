//! Contacts (people and groups) and their identities.

mod errors;
mod find;
mod identify;
mod merge;
mod merged_tables;

pub(crate) use merge::both_exist;
pub(crate) use {
    errors::MarketingRefusal, errors::UndeliverableIdentity, errors::mark_undeliverable, errors::stop_marketing,
};
pub use {find::Contact, find::IdentityRecord, find::current_identity, find::list_identities};
pub use {find::find, find::list};
pub(crate) use {
    identify::Identity, identify::KnownIdentity, identify::NameReport, identify::NewContact,
    identify::PreferenceReport, identify::assign, identify::lock_tenants, identify::reassign, identify::retire,
    identify::set_names, identify::set_preferences,
};
pub use {identify::identities, identify::insert, identify::lock_tenant};
pub use {merge::ContactMerge, merge::lock, merge::merge};
pub use {merged_tables::MERGED_TABLES, merged_tables::MergeEffect, merged_tables::MergedTable};
