//! How well the simulated Meta behaves.

use serde::{Deserialize, Serialize};

/// Probabilities (0 to 1) and sizes of everything a receiver must put up with.
///
/// [`Manners::polite`] is one change per POST, each sent once and in order. [`Manners::rude`] is all of it at once.
/// Single knobs are set with struct update: `Manners { duplicate_bodies: 0.5, ..Manners::polite() }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manners {
    /// The next webhook is an earlier one again, byte for byte.
    pub duplicate_bodies: f64,
    /// A change that was already sent rides along once more in a batch.
    pub duplicate_items: f64,
    /// A change is held back until some later ones have gone; statuses of one message come in any order.
    pub reorder: f64,
    /// The first status of a message comes before the message itself.
    pub early_statuses: f64,
    /// Several changes share one POST.
    pub batch: f64,
    /// The most items in one batch; never more than [`MAX_ITEMS`](crate::MAX_ITEMS).
    pub batch_items: usize,
    /// A change arrives for a phone number that is not the configured one.
    pub unknown_phone_numbers: f64,
    /// A well-formed body is signed with another app's secret.
    pub wrong_secrets: f64,
    /// A well-formed body carries a damaged signature.
    pub bad_signatures: f64,
    /// A well-formed body carries no signature.
    pub unsigned: f64,
    /// A rightly signed body is not a webhook, or not even JSON.
    pub garbage: f64,
    /// The legacy signature header is sent beside the real one.
    pub legacy_header: f64,
    /// The first 200 for a body gets lost on its way back, so the body is delivered again.
    pub lost_answers: f64,
}

impl Manners {
    /// One change per POST, in order, once.
    pub fn polite() -> Self {
        Self {
            duplicate_bodies: 0.0,
            duplicate_items: 0.0,
            reorder: 0.0,
            early_statuses: 0.0,
            batch: 0.0,
            batch_items: 1,
            unknown_phone_numbers: 0.0,
            wrong_secrets: 0.0,
            bad_signatures: 0.0,
            unsigned: 0.0,
            garbage: 0.0,
            legacy_header: 0.0,
            lost_answers: 0.0,
        }
    }

    /// Everything Meta is known or suspected to do, often; and what strangers send besides.
    pub fn rude() -> Self {
        Self {
            duplicate_bodies: 0.05,
            duplicate_items: 0.1,
            reorder: 0.3,
            early_statuses: 0.3,
            batch: 0.2,
            batch_items: crate::MAX_ITEMS,
            unknown_phone_numbers: 0.02,
            wrong_secrets: 0.01,
            bad_signatures: 0.01,
            unsigned: 0.01,
            garbage: 0.01,
            legacy_header: 0.3,
            lost_answers: 0.03,
        }
    }
}

impl Default for Manners {
    fn default() -> Self {
        Self::polite()
    }
}
