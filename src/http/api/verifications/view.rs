//! Verifications as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::VerificationId,
    verifications::{VerificationReport, VerificationState},
};

/// A verification of numbers. `checked` is the sum of `invalid`, `valid`, `reachable` and `unreachable`.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
pub(crate) struct VerificationView {
    pub id: VerificationId,
    pub state: VerificationState,
    /// Why it failed; before its end, why it did not get on the last time.
    #[schema(required)]
    pub error: Option<String>,
    /// Distinct numbers.
    pub numbers: i64,
    /// Numbers that came again.
    pub duplicates: i64,
    pub checked: i64,
    pub invalid: i64,
    pub valid: i64,
    pub reachable: i64,
    pub unreachable: i64,
    /// Those of the checked numbers that were found out before.
    pub cached: i64,
    #[schema(required)]
    pub default_country: Option<String>,
    pub fresh: bool,
    /// Whether its numbers are still kept, which they are for 30 days.
    pub has_items: bool,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<VerificationReport> for VerificationView {
    fn from(of: VerificationReport) -> Self {
        Self {
            id: of.id,
            state: of.state,
            error: of.error,
            numbers: of.numbers,
            duplicates: of.duplicates,
            checked: of.counts.checked(),
            invalid: of.counts.invalid,
            valid: of.counts.valid,
            reachable: of.counts.reachable,
            unreachable: of.counts.unreachable,
            cached: of.counts.cached,
            default_country: of.default_country,
            fresh: of.fresh,
            has_items: of.has_items,
            created_at: of.created_at,
            created_by: of.created_by,
            finished_at: of.finished_at,
        }
    }
}
