//! Consent: what contacts allow and refuse. The ledger (`consents`) keeps every statement with its proof; the present state of a contact
//! (`contact_consents`) is computed from all of them, so the order in which they arrive does not matter.

pub(crate) mod events;
mod ledger;
mod may;
pub(super) mod rule;

pub(crate) use ledger::{ConsentChange, NewConsent, merge, record, record_locked};
pub(crate) use may::{SendCategory, Standing, may};
