use axum::http::StatusCode;

use crate::{
    egress,
    http::problem::Problem,
    media::{BringError, Rejected},
};

/// Why a file is not taken, as a problem.
pub fn refusal(error: BringError) -> Problem {
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
            format!("Nothing came of `url`: {error}."),
        ),
        BringError::Incomplete(why) => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "Incomplete upload",
            format!("The body broke off: {why}. Send it again."),
        ),
        BringError::MemoryExhausted(why) => why.into(),
        BringError::Storage(error) => {
            tracing::error!(%error, "an upload could not be stored");
            let words = "The store of files does not take it just now; nothing was kept. Try again in a few seconds.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "storage-unavailable", "Temporarily unavailable", words).retry_after(5)
        }
        BringError::Quota(reached) => reached.into(),
        BringError::Database(error) => error.into(),
    }
}
