//! Errors of the webhook service as problems.

use axum::http::StatusCode;

use crate::{http::problem::Problem, webhooks::Error};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(invalid) => invalid.into(),
            Error::Conflict(why) => {
                let detail = format!("{why}.");
                Self::new(
                    StatusCode::CONFLICT,
                    "wrong-state",
                    "Conflict with the current state",
                    detail,
                )
            }
            Error::NotFound(what) => Self::not_found(what),
            Error::Quota(reached) => reached.into(),
            Error::Database(error) => error.into(),
            Error::KeyLost => {
                tracing::error!(%error, "a request failed");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "key-lost", "Secret cannot be decrypted", error.to_string())
            }
        }
    }
}
