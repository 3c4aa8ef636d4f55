use axum::http::StatusCode;

use crate::{
    http::problem::Problem,
    verifications::{MAX_JOBS, MAX_NUMBERS, VerificationError},
};

impl From<VerificationError> for Problem {
    fn from(error: VerificationError) -> Self {
        let detail = format!("{error}.");
        match error {
            VerificationError::Count(_) => Self::invalid_field("numbers", detail, Some(MAX_NUMBERS as u64)),
            VerificationError::UnknownCountry(_) => Self::invalid_field("default_country", detail, None),
            VerificationError::TooManyJobs(wait) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-verifications",
                "Too many verifications",
                detail,
            )
            .with_limit(MAX_JOBS as u64)
            .retry_after(wait),
            VerificationError::Database(error) => error.into(),
        }
    }
}
