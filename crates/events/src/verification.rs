//! Events of verifications of numbers.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::types;
use mainstay_core::domain::VerificationId;

/// A verification that has checked all its numbers. `numbers` is the sum of the four counts.
#[derive(Serialize, ToSchema)]
pub struct VerificationCompleted {
    /// `GET /api/v1/verifications/{id}/items` has the verdicts.
    pub verification_id: VerificationId,
    /// Distinct numbers.
    pub numbers: i64,
    pub invalid: i64,
    pub valid: i64,
    pub reachable: i64,
    pub unreachable: i64,
}

types! {
    COMPLETED = "verification.completed", VerificationCompleted,
        "A verification has checked all its numbers.",
        json!({ "verification_id": "vrf_0199a1c9d3e47f60a1b2c3d4e5f60718", "numbers": 1_000, "invalid": 12, "valid": 640,
            "reachable": 341, "unreachable": 7 });
}
