use axum::http::StatusCode;

use crate::{
    egress,
    http::problem::Problem,
    media::{BringError, Rejected},
};

/// Converts an error of an upload to a problem.
pub fn upload_problem(error: BringError) -> Problem {
    let detail = |error: &BringError| format!("The file is refused: {error}.");
    match error {
        BringError::Rejected(Rejected::TooLarge { .. }) | BringError::Egress(egress::Error::TooLarge { .. }) => {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "media-too-large",
                "File too large",
                detail(&error),
            )
        }
        BringError::Rejected(Rejected::Empty) => Problem::invalid("The file is empty."),
        BringError::Rejected(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Unsupported media type",
            detail(&error),
        ),
        BringError::Egress(egress::Error::Refused(refused)) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "url-refused",
            "URL not allowed",
            format!("`url` is refused: {refused}."),
        ),
        BringError::Egress(error) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "url-failed",
            "File could not be fetched",
            format!("`url` could not be fetched: {error}."),
        ),
        BringError::Incomplete(why) => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "Incomplete upload",
            format!("The body broke off: {why}. Send it again."),
        ),
        BringError::NoRoom(why) => why.into(),
        BringError::Storage(error) => {
            tracing::error!(%error, "an upload could not be stored");
            let words =
                "The file storage is not available at the moment; nothing was stored. Try again in a few seconds.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "storage-unavailable", "Temporarily unavailable", words).retry_after(5)
        }
        BringError::Quota(reached) => reached.into(),
        BringError::Database(error) => error.into(),
    }
}
